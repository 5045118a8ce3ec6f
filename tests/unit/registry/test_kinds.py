from __future__ import annotations

import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from textwrap import indent
from typing import TypeAlias

import pytest

import actorflow
from actorflow.duration import MILLISECOND, SECOND
from actorflow.errors import UNAVAILABLE, Error
from actorflow.registry.kind import Kind, installed_kinds
from actorflow.registry.meta import Command, Temporal, TemporalWorkflow
from actorflow.registry.registry import Registry

Load: TypeAlias = Callable[..., Registry]
Texts: TypeAlias = Callable[[Registry], list[str]]

PROJECT = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["project"]
NAMES = sorted(PROJECT["entry-points"]["actorflow.kinds"])


def entry(kind: str, fields: str) -> str:
    return f"namespace: app\nentries:\n  - name: x\n    kind: {kind}\n{indent(fields, '    ')}\n"


def test_our_kinds_are_found_as_entry_points() -> None:
    kinds, faults = installed_kinds()
    assert faults == []
    assert [name for name in sorted(kinds) if kinds[name].model.__module__.startswith("actorflow.")] == NAMES


def test_hosts_are_named_lazily() -> None:
    kinds, _ = installed_kinds()
    assert kinds["process.host"].factory == "hosts.process:ProcessHost"
    assert kinds["workflow.host"].factory == "hosts.workflow.host:WorkflowHost"
    assert kinds["process.host"].service
    assert kinds["process.service"].service
    assert kinds["db.sql.sqlite"].service
    assert not kinds["process.lua"].service


def test_a_factory_is_imported_when_needed() -> None:
    assert Kind("x", Registry, factory="actorflow.registry.registry:Registry").load_factory() is Registry  # type: ignore[arg-type]
    for factory in ("", "no.such.module:x", "actorflow.registry.registry:Nothing"):
        with pytest.raises(Error) as caught:
            Kind("x", Registry, factory=factory).load_factory()  # type: ignore[arg-type]
        assert caught.value.kind == UNAVAILABLE


def test_a_factory_that_raises_when_it_is_imported_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "third_party_rude.py").write_text("raise OSError('rude')\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(Error, match="kind x: cannot import third_party_rude:x: OSError: rude") as caught:
        Kind("x", Registry, factory="third_party_rude:x").load_factory()  # type: ignore[arg-type]
    assert caught.value.kind == UNAVAILABLE


def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, points: str) -> None:
    info = tmp_path / "site" / "third_party-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: third-party\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[actorflow.kinds]\n{points}\n")
    (tmp_path / "site" / "third_party_kinds.py").write_text(
        "from pydantic import BaseModel\n"
        "from actorflow.registry.kind import Kind\n"
        "class Model(BaseModel):\n    size: int = 3\n"
        "class Rude(BaseModel):\n"
        "    @classmethod\n    def model_validate(cls, *a, **k):\n        raise OSError('rude')\n"
        "KIND = Kind('third.kind', Model)\nRUDE = Kind('rude.kind', Rude)\n"
    )
    monkeypatch.syspath_prepend(tmp_path / "site")


def test_a_third_partys_kind_is_found_the_same_way(load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, "third.kind = third_party_kinds:KIND")
    assert load(entry("third.kind", "size: 4")).entry("app:x").config.size == 4


def test_a_third_partys_model_that_raises_breaks_only_its_entry(
    load: Load, texts: Texts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, "rude.kind = third_party_kinds:RUDE")
    assert "got OSError from the model of rude.kind: rude" in texts(load(entry("rude.kind", "size: 4")))[0]


def test_an_entry_point_that_cannot_be_used_is_a_notice(
    load: Load, texts: Texts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(
        tmp_path,
        monkeypatch,
        "a.b = nothing_here:X\nc.d = third_party_kinds:KIND\nprocess.host = third_party_kinds:KIND",
    )
    faults = texts(load({"config/x.yaml": ""}))
    assert "entry point actorflow.kinds of third-party 1.0" in faults[0]
    assert "a.b = nothing_here:X  got ModuleNotFoundError" in faults[0]
    assert "c.d = third_party_kinds:KIND  got Kind, expected a Kind with the name c.d" in faults[1]


@pytest.mark.parametrize(
    ("module", "cause"),
    [
        ("", "ModuleNotFoundError: No module named 'actorflow.of_tests_broken'"),
        ("1 +", "SyntaxError: invalid syntax"),
        ("raise OSError('rude')", "OSError: rude"),
        ("X = 1", "AttributeError: module 'actorflow.of_tests_broken' has no attribute 'KIND'"),
    ],
)
def test_a_kind_of_ours_that_cannot_be_imported_is_told_with_what_it_came_from_and_why(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, cause: str
) -> None:
    install(tmp_path, monkeypatch, "broken.kind = actorflow.of_tests_broken:KIND")
    monkeypatch.setattr(actorflow, "__path__", [*actorflow.__path__, str(tmp_path)])
    monkeypatch.delitem(sys.modules, "actorflow.of_tests_broken", raising=False)
    if module:
        (tmp_path / "of_tests_broken.py").write_text(module + "\n")
    load({"config/a.yaml": ""})  # nothing of that kind is wanted
    with pytest.raises(Error) as caught:
        load(entry("broken.kind", "size: 4"))
    assert caught.value.kind == UNAVAILABLE
    says = "kind broken.kind: entry point broken.kind = actorflow.of_tests_broken:KIND of third-party 1.0 cannot be"
    assert f"{says} imported: {cause}" in caught.value.message
    assert "pip install --force-reinstall third-party" in caught.value.message


@pytest.mark.parametrize("kind", ["process.lua", "process.py", "workflow.lua", "workflow.py"])
def test_processes_and_workflows_have_the_same_fields(load: Load, kind: str) -> None:
    fields = """
modules: [json]
source: return 1
limits: {slice: {warn: 5ms, kill: 1s}, memory: 64MiB, payload: 1kB, depth: 9, history: {warn: 5, pause: 6}, mailbox: 7}
isolate: true
meta:
  default_host: host
  command: {name: do, short: does it}
  temporal: {workflow: {worker: w, name: Order}}
"""
    registry = load(
        {"config/a.yaml": entry(kind, fields), "config/b.yaml": "namespace: app\nname: host\nkind: process.host\n"}
    )
    assert registry.faults == ()
    found = registry.entry("app:x")
    assert found.config.method == "main"
    assert found.config.limits.slice.kill == SECOND
    assert found.about.default_host == "app:host"
    assert found.about.command == Command(name="do", short="does it")
    assert found.about.temporal == Temporal(workflow=TemporalWorkflow(worker="app:w", name="Order"))
    assert found.config.limits.written()["slice"] == {"warn": 5 * MILLISECOND, "kill": SECOND}
    assert registry.bundle("app:x").options == {"limits": found.config.limits.written(), "isolate": True}


def test_python_functions_have_source_or_import(load: Load, texts: Texts) -> None:
    registry = load(entry("function.py", "import: json:dumps\nrun: thread\npackages: [requests]"))
    bundle = registry.bundle("app:x")
    assert (bundle.import_path, bundle.source) == ("json:dumps", "")
    assert bundle.options == {"run": "thread", "packages": ["requests"]}
    both = load(entry("function.py", "import: json:dumps\nsource: pass"))
    assert "got both, expected one of `source` and `import`" in texts(both)[0]
    neither = load(entry("function.py", "method: f"))
    assert "got neither, expected one of `source` and `import`" in texts(neither)[0]


def test_a_mailbox_says_what_happens_when_it_is_full(load: Load, texts: Texts) -> None:
    registry = load(entry("process.lua", "source: return 1\nmailbox: {limit: 3, overflow: drop_oldest}"))
    assert registry.bundle("app:x").options == {"mailbox": {"limit": 3, "overflow": "drop_oldest"}}
    (text,) = texts(load(entry("process.lua", "source: return 1\nmailbox: {limit: 3, overflow: drop_old}")))
    assert "drop_oldest" in text
    for kind in ("workflow.lua", "workflow.py"):
        (text,) = texts(load(entry(kind, "source: return 1\nmailbox: {limit: 3}")))
        assert "app.yaml:6" in text
        assert "no `mailbox` on a workflow" in text


def test_default_call_options_come_from_meta_and_field(load: Load) -> None:
    fields = "source: return 1\noptions: {retry: {max_attempts: 3}}\nmeta: {options: {timeout: 5s, retry: {}}}"
    options = load(entry("function.lua", fields)).entry("app:x").options
    assert options == {"timeout": "5s", "retry": {"max_attempts": 3}}


def test_lifecycle_has_the_documented_defaults(load: Load) -> None:
    lifecycle = load(entry("process.host", "")).entry("app:x").config.lifecycle
    assert lifecycle.auto_start is False
    assert lifecycle.startup == "required"
    assert (lifecycle.start_timeout, lifecycle.stop_timeout) == (10 * SECOND, 10 * SECOND)
    assert lifecycle.stable_threshold == 5 * SECOND
    assert lifecycle.requires == ()
    restart = lifecycle.restart
    assert (restart.initial_delay, restart.max_delay) == (SECOND, 90 * SECOND)
    assert (restart.backoff_factor, restart.jitter, restart.max_attempts) == (2.0, 0.1, 0)


def test_a_written_zero_means_the_default_of_the_restart_numbers(load: Load) -> None:
    fields = "lifecycle: {restart: {initial_delay: 0, max_delay: 0s, backoff_factor: 0, jitter: 0, max_attempts: 0}}"
    registry = load(entry("process.host", fields))
    assert registry.faults == ()
    assert registry.entry("app:x").config.lifecycle == load(entry("process.host", "")).entry("app:x").config.lifecycle


def test_requires_and_depends_on_are_one_list(load: Load) -> None:
    fields = "lifecycle: {requires: [y], depends_on: ['app:y', z]}"
    assert load(entry("process.host", fields)).faults
    text = entry("process.host", fields) + "  - {name: y, kind: process.host}\n  - {name: z, kind: process.host}\n"
    registry = load(text)
    assert registry.faults == ()
    assert registry.entry("app:x").config.lifecycle.required == ("app:y", "app:z")


def test_a_workflow_host_has_defaults_and_takes_a_temporal_workers_fields(load: Load) -> None:
    config = load(entry("workflow.host", "")).entry("app:x").config
    assert (config.database, config.concurrency, config.cache.runs) == (None, 200, 1000)
    assert config.group_commit.rows == 500
    fields = "client: c\ntask_queue: q\nworker_options: {identity: me}\ndatabase: memory"
    registry = load(entry("workflow.host", fields))
    assert registry.faults == ()
    assert registry.entry("app:x").config.database == "memory"
    assert load(entry("workflow.host", "store: memory")).entry("app:x").config.database == "memory"


@pytest.mark.parametrize(
    ("kind", "fields", "fault"),
    [
        ("function.lua", "method: f", "x.yaml:3  app:x source  got nothing, expected a value: it is required"),
        (
            "function.lua",
            "sorce: return 1",
            "source  got nothing, expected a value: it is required  did you mean 'source' in",
        ),
        (
            "function.lua",
            "source: order.lua",
            "source  got 'order.lua', expected the text of a script, or file:// and its",
        ),
        ("function.lua", "source: order.lua", "did you mean 'file://order.lua'?"),
        ("function.lua", "source: ''", "source  got '', expected text that is not empty"),
        ("function.lua", "source: 3", "source  got 3, expected text  did you mean '3'?"),
        ("function.lua", "source: x y\nmodules: json", "modules  got 'json', expected a list  did you mean [json]?"),
        ("function.lua", "source: x y\nmodules: [1]", "x.yaml:6  app:x modules[0]  got 1, expected text"),
        ("function.lua", "source: x y\nimports: [a]", "imports  got a list, expected a map"),
        ("function.lua", "source: x y\nimports: {a: ':b'}", "imports.a  got ':b', expected the id of an entry"),
        ("function.lua", "source: x y\npool: {type: lasy}", "pool.type  got 'lasy', expected one of inline, lazy,"),
        ("function.lua", "source: x y\npool: {type: lasy}", "did you mean 'lazy'?"),
        ("function.lua", "source: x y\npool: {size: 0}", "pool.size  got 0, expected at least 1"),
        (
            "function.lua",
            "source: x y\nlimits:\n  memory: lots",
            "x.yaml:7  app:x limits.memory  got 'lots', expected a size",
        ),
        (
            "function.py",
            "import: a.b.c",
            "import  got 'a.b.c', expected package.module:callable  did you mean 'a.b:c'?",
        ),
        ("process.host", "lifecycle: {auto_start: yes}", "got 'yes', expected true or false  did you mean true?"),
        ("process.host", "lifecycle: {start_timeout: 30}", "got 30, expected a duration with a unit"),
        ("process.host", "lifecycle: {start_timeout: 30}", "did you mean '30s'?"),
        ("process.host", "lifecycle: {start_timeout: 5000}", "did you mean '5000ms'?"),
        ("process.host", "lifecycle: {start_timeout: '30'}", "did you mean '30s'?"),
        ("process.host", "lifecycle: {start_timeout: 1 parsec}", "expected a duration with a unit"),
        ("process.host", "lifecycle: {start_timeout: -1s}", "expected a duration that is not negative"),
        ("process.host", "lifecycle: {start_timeout: true}", "got true, expected a duration"),
        ("process.host", "lifecycle: {restart: {backoff_factor: .inf}}", "expected a finite number"),
        ("process.host", "host: {workers: '4'}", "got '4', expected an integer  did you mean 4?"),
        ("process.host", "host: 3", "host  got 3, expected a map"),
        ("process.host", "data: [1]", "got a list, expected a map"),
        ("process.host", "meta: 3", "meta  got 3, expected a map"),
        ("db.sql.sqlite", "", "file  got nothing, expected a value"),
        ("process.service", "process: y", "host  got nothing, expected a value"),
    ],
)
def test_a_wrong_field_breaks_the_entry_and_says_what_was_meant(
    load: Load, texts: Texts, kind: str, fields: str, fault: str
) -> None:
    registry = load({"config/x.yaml": entry(kind, fields)})
    assert any(fault in line for line in texts(registry)), texts(registry)
    assert registry.entry("app:x").broken
    assert registry.entry("app:x").config is None
    with pytest.raises(Error, match=r"x\.yaml:"):
        registry.entry("app:x").require()


@pytest.mark.parametrize(
    ("kind", "fields", "fault"),
    [
        (
            "process.host",
            "limts: {}",
            "x.yaml:5  app:x limts  got an unknown key, expected one of host, limits, lifecycle",
        ),
        ("process.host", "limts: {}", "did you mean 'limits'?"),
        ("process.host", "lifecycle:\n  restart:\n    max_delai: 1s", "x.yaml:7  app:x lifecycle.restart.max_delai"),
        ("process.host", "lifecycle:\n  restart:\n    max_delai: 1s", "did you mean 'max_delay'?"),
        ("function.py", "import: a:b\nimport_path: a:b", "import_path  got an unknown key"),
        (
            "proces.host",
            "",
            "kind  got the unknown kind 'proces.host', expected a known kind; kept as data  did you mean",
        ),
        ("whatever", "icon: file://none.png", "file://none.png, which does not exist"),
    ],
)
def test_what_is_not_known_is_a_notice_and_kept_as_data(
    load: Load, texts: Texts, kind: str, fields: str, fault: str
) -> None:
    registry = load({"config/x.yaml": entry(kind, fields)})
    assert any(fault in line for line in texts(registry)), texts(registry)
    assert {found.scope for found in registry.faults} == {"notice"}
    found = registry.entry("app:x")
    assert not found.broken
    if kind not in {"proces.host", "whatever"}:
        assert found.config is not None


def test_a_lot_of_unknown_keys_do_not_hang(load: Load) -> None:
    fields = "\n".join(f"key{index}: 1" for index in range(20_000))
    assert len(load(entry("process.host", fields)).faults) == 20_000


def test_a_key_of_meta_with_another_type_is_the_applications_own(load: Load) -> None:
    meta = "meta: {tags: x, groups: y, default_host: [1], type: test, command: run}"
    registry = load(entry("process.host", meta))
    registry.entry("app:x").require()
    about = registry.entry("app:x").about
    assert (about.tags, about.groups, about.default_host, about.command, about.type) == ((), (), None, None, "test")
    assert registry.entry("app:x").meta["tags"] == "x"
    wrong = {"meta.tags", "meta.groups", "meta.default_host", "meta.command"}
    assert {fault.path for fault in registry.faults} == wrong
    assert {fault.scope for fault in registry.faults} == {"notice"}


def test_a_policy_by_expression_is_read_when_it_is_loaded(load: Load, texts: Texts) -> None:
    written = 'policy:\n  actions: "*"\n  resources: "*"\n  effect: allow\n  expression: {}\n'
    assert texts(load(entry("security.policy.expr", written.format("actor.id == meta.owner")))) == []
    for text, why in (("actor.id ==", "line 1, column 12"), ("acter.id == 1", "did you mean 'actor'"), ("''", "")):
        (fault,) = texts(load(entry("security.policy.expr", written.format(text))))
        assert "app.yaml:9" in fault
        assert why in fault


def test_a_temporal_client_and_worker_have_the_defaults_of_the_original(load: Load) -> None:
    text = entry("temporal.worker", "client: c\ntask_queue: q") + "  - {name: c, kind: temporal.client}\n"
    registry = load(text)
    assert registry.faults == ()
    worker, client = registry.entry("app:x").config, registry.entry("app:c").config
    assert (worker.client, worker.task_queue) == ("app:c", "q")
    options = worker.worker_options
    assert options.max_concurrent_activity_execution_size == options.max_concurrent_workflow_task_execution_size == 1000
    assert (options.max_concurrent_workflow_task_pollers, options.sticky_schedule_to_start_timeout) == (20, 5 * SECOND)
    assert (client.address, client.namespace, client.auth.type) == ("localhost:7233", "default", "none")
    assert (client.connection_timeout, client.keep_alive_time) == (10 * SECOND, 30 * SECOND)


def test_functions_of_both_languages_may_be_transactional(load: Load) -> None:
    for kind in ("function.lua", "function.py"):
        text = (
            entry(kind, "source: return 1\ntransactional: true\ndatabase: db")
            + "  - {name: db, kind: db.sql.sqlite, file: x}\n"
        )
        registry = load(text)
        assert registry.faults == ()
        assert registry.entry("app:x").config.transactional
        assert registry.entry("app:x").config.database == "app:db"
