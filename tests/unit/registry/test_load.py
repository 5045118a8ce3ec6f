from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from actorflow.errors import INVALID, NOT_FOUND, Error
from actorflow.registry.load import load_registry, open_registry
from actorflow.registry.registry import Registry

Load: TypeAlias = Callable[..., Registry]
Texts: TypeAlias = Callable[[Registry], list[str]]

FUNCTION = """
namespace: app
entries:
  - name: one
    kind: function.lua
    source: file://one.lua
    method: run
"""


def test_a_batch_file_and_a_single_entry_file_are_read(load: Load) -> None:
    registry = load(
        {
            "config/_index.yaml": FUNCTION,
            "config/one.lua": "return 1\n",
            "config/deep/er/two.yml": """
                version: "1.0"
                namespace: app.two
                name: two
                kind: db.sql.sqlite
                meta: {type: store}
                file: two.db
            """,
            "config/three.json": '{"namespace": "app", "entries": [{"name": "three", "kind": "process.host"}]}',
        }
    )
    assert registry.faults == ()
    assert [entry.id for entry in registry] == ["app.two:two", "app:one", "app:three"]
    assert registry.entry("app.two:two").config.file == "two.db"
    assert registry.entry("app:one").data == {"source": "return 1\n", "method": "run"}


def test_the_data_key_is_the_data_and_its_siblings_are_ignored_with_a_notice(load: Load, texts: Texts) -> None:
    registry = load(
        """
        namespace: app
        entries:
          - name: db
            kind: db.sql.sqlite
            file: ignored.db
            data: {file: used.db, pool: 3}
          - name: db2
            kind: db.sql.sqlite
            data: {file: used.db}
        """
    )
    assert registry.entry("app:db2").config.file == "used.db"
    assert texts(registry) == [
        (
            "config/app.yaml:5  entries[0].file  got a field beside `data:`, expected all fields below `data:`;"
            " this one is ignored"
        ),
        "config/app.yaml:6  app:db pool  got 3, expected a map",
    ]


def test_file_meta_is_merged_under_entry_meta(load: Load) -> None:
    registry = load(
        """
        namespace: app
        meta: {owner: us, type: a}
        entries:
          - {name: x, kind: registry.entry, meta: {type: b}}
          - {name: y, kind: registry.entry}
        """
    )
    assert registry.entry("app:x").meta == {"owner": "us", "type": "b"}
    assert registry.entry("app:y").meta == {"owner": "us", "type": "a"}


def test_files_without_a_namespace_are_ignored(load: Load) -> None:
    files = {
        "config/compose.yaml": "services: !Ref {a: 1, a: 2}\n",
        "config/tsconfig.json": "{ // comment\n}",
        "config/notes.txt": "namespace: [",
        "config/node_modules/x.yaml": "namespace: [",
        "config/.hidden/x.yaml": "namespace: [",
        "config/.actorflow/x.yaml": "namespace: [",
        "config/.x.yaml": "namespace: [",
        "config/empty.yaml": "",
    }
    assert load(files).faults == ()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("namespace: app\nentries: [\n", "config/app.yaml:3  got malformed YAML"),
        ("no: [\n", "config/app.yaml:2  got malformed YAML"),
        ("namespace: app\nentries:\n\t- x\n", "config/app.yaml:3  got a tab in the indentation, expected spaces"),
        (b"namespace: a\n# \xff\n", "config/app.yaml:2  got bytes that are not UTF-8"),
        (
            "namespace: app\nmeta: {}\nmeta: {}\nentries: []\n",
            "config/app.yaml:3  meta  got the key 'meta' again, first",
        ),
    ],
)
def test_an_unreadable_file_is_a_fault_of_file_scope_and_the_others_load(
    load: Load, texts: Texts, text: str | bytes, fault: str
) -> None:
    registry = load({"config/app.yaml": text, "config/ok.yaml": "namespace: ok\nname: x\nkind: process.host\n"})
    assert fault in texts(registry)[0]
    assert [found.scope for found in registry.fatal] == ["file"]
    assert "ok:x" in registry


def test_a_duplicate_id_names_both_places(load: Load, texts: Texts) -> None:
    entry = "namespace: app\nentries:\n  - {name: x, kind: process.host}\n"
    registry = load({"config/a.yaml": entry, "config/b.yaml": entry})
    assert len(registry.faults) == 1
    assert texts(registry)[0].startswith("config/b.yaml:3  app:x name  got app:x again, first at ")
    assert texts(registry)[0].endswith("config/a.yaml:3, expected each id once")
    assert registry.fatal


@pytest.mark.parametrize(
    ("text", "scope", "fault"),
    [
        (
            "- {name: x, kind: process.host}\n",
            "notice",
            "got a list of entries without a namespace, expected `namespace",
        ),
        ("namspace: app\nentries: [{name: x, kind: y}]\n", "notice", "did you mean namespace, in place of 'namspace'?"),
        ("namespace: app\nmeta: {}\n", "notice", "got a namespace without entries"),
        ("namespace: app\nentires: []\n", "notice", "did you mean 'entries'?"),
        ("namespace: 5\nentries: []\n", "entry", "namespace  got 5, expected text  did you mean '5'?"),
        ("namespace: a:b\nentries: []\n", "entry", "expected a namespace without a colon"),
        ("namespace: app\nentries: {}\n", "entry", "entries  got a map, expected a list of entries"),
        ("namespace: app\nentries: [3]\n", "entry", "entries[0]  got 3, expected an entry"),
        ("namespace: app\nentries:\n  - {nam: x, kind: y}\n", "entry", "did you mean 'name' in place of 'nam'?"),
        ("namespace: app\nentries:\n  - {name: x}\n", "entry", "entries[0].kind  got nothing, expected text"),
        ("namespace: app\nname: ''\nkind: y\n", "entry", "name  got '', expected text"),
        ("namespace: app\nmeta: 3\nentries: []\n", "entry", "meta  got 3, expected a map"),
    ],
)
def test_a_file_that_nearly_is_a_registry_file_is_explained(
    load: Load, texts: Texts, text: str, scope: str, fault: str
) -> None:
    registry = load(text)
    assert any(fault in line for line in texts(registry)), texts(registry)
    assert registry.faults[0].scope == scope
    assert registry.fatal == ()


def test_node_yaml_names_the_source_roots(load: Load) -> None:
    registry = load(
        {
            "config/node.yaml": "directories: {src: ., scripts: ../scripts}\n",
            "config/sub/app.yaml": """
                namespace: app
                entries:
                  - {name: beside, kind: library.lua, source: "file://beside.lua"}
                  - {name: rooted, kind: library.lua, source: "file:///rooted.lua"}
                  - {name: up, kind: library.lua, source: "file://../../scripts/rooted.lua"}
            """,
            "config/sub/beside.lua": "return 'beside'",
            "scripts/rooted.lua": "return 'rooted'",
            "scripts/more.yaml": "namespace: more\nname: host\nkind: process.host\n",
        }
    )
    assert registry.faults == ()
    assert registry.entry("app:beside").config.source == "return 'beside'"
    assert registry.entry("app:rooted").config.source == "return 'rooted'"
    assert registry.entry("app:up").config.source == "return 'rooted'"
    assert registry.bundle("app:rooted").file.endswith("/scripts/rooted.lua")
    assert "more:host" in registry


def test_the_first_root_that_has_the_file_wins(load: Load) -> None:
    registry = load(
        {
            "config/node.yaml": "directories: {a: ../a, b: ../b}\n",
            "b/app.yaml": "namespace: app\nname: x\nkind: library.lua\nsource: file:///x.lua\n",
            "a/x.lua": "return 'a'",
            "b/x.lua": "return 'b'",
        }
    )
    assert registry.entry("app:x").config.source == "return 'a'"


def test_overlapping_roots_read_a_file_once(load: Load) -> None:
    registry = load(
        {
            "config/node.yaml": "directories: {src: ., sub: sub}\n",
            "config/sub/app.yaml": "namespace: app\nname: x\nkind: process.host\n",
        }
    )
    assert registry.faults == ()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("directories: {src: ./none}\n", "config/node.yaml:1  directories.src  got './none', which is no directory"),
        ("directories:\n  src: 3\n", "config/node.yaml:2  directories.src  got 3, expected the path of a directory"),
        ("directories: src\n", "config/node.yaml:1  directories  got 'src', expected a map of names"),
        ("- x\n", "config/node.yaml:1  got a list, expected a map"),
        ("{]", "config/node.yaml:1  got malformed YAML"),
    ],
)
def test_a_wrong_node_yaml_is_a_fault_of_file_scope(load: Load, texts: Texts, text: str, fault: str) -> None:
    registry = load({"config/node.yaml": text})
    assert fault in texts(registry)[0]
    assert registry.fatal


def test_wippy_lock_and_wippy_yaml_are_read(load: Load) -> None:
    registry = load(
        {
            "config/wippy.lock": """
                directories: {modules: .wippy, src: ./src}
                replacements: [{from: a/b, to: ../vendor}]
            """,
            "config/.wippy.yaml": """
                override:
                  "app:db:file": ${env:DB|other.db}
            """,
            "config/src/app.yaml": "namespace: app\nname: db\nkind: db.sql.sqlite\nfile: x.db\n",
            "config/.wippy/m.yaml": "namespace: m\nname: x\nkind: process.host\n",
            "vendor/v.yaml": "namespace: v\nname: x\nkind: process.host\n",
            "config/outside.yaml": "namespace: out\nname: x\nkind: process.host\n",
        },
        environment={"DB": "given.db"},
    )
    assert registry.faults == ()
    assert [entry.id for entry in registry] == ["app:db", "m:x", "v:x"]
    assert registry.entry("app:db").config.file == "given.db"


def test_a_missing_variable_in_wippy_yaml_is_a_fault_of_file_scope(load: Load, texts: Texts) -> None:
    registry = load({"config/.wippy.yaml": 'override: {"a:b:c": "${env:NONE}"}'})
    assert "config/.wippy.yaml:1  override.a:b:c  got ${env:NONE}, which is not set" in texts(registry)[0]
    assert registry.fatal


def test_a_directory_that_does_not_exist_is_a_fault_of_file_scope(tmp_path: Path) -> None:
    registry = load_registry(tmp_path / "none", environment={}, modules={})
    assert [fault.scope for fault in registry.faults] == ["file"]
    assert len(registry) == 0


@pytest.mark.parametrize(
    ("reference", "fault"),
    [
        ("file://../../secret.lua", "file://../../secret.lua, outside the source roots, expected a file under"),
        ("file:///../secret.lua", "outside the source roots"),
        ("file://link.lua", "outside the source roots"),
        ("file://on.lua", "does not exist, expected a file at config/on.lua  did you mean 'file://one.lua'?"),
        ("file:///on.lua", "did you mean 'file:///one.lua'?"),
        ("file://", "file:// without a usable path"),
        ("file://sub", "a directory or special file"),
        ("file://bad.lua", "bytes that are not UTF-8"),
    ],
)
def test_a_source_that_cannot_be_read_breaks_its_entry_only(
    load: Load, texts: Texts, tmp_path: Path, reference: str, fault: str
) -> None:
    (tmp_path / "config/sub").mkdir(parents=True)
    (tmp_path / "secret.lua").write_text("return 'secret'")
    (tmp_path / "config/link.lua").symlink_to(tmp_path / "secret.lua")
    registry = load(
        {
            "config/app.yaml": "namespace: app\nentries:\n"
            f"  - name: x\n    kind: library.lua\n    source: {reference}\n"
            "  - {name: ok, kind: library.lua, source: 'file://one.lua'}\n",
            "config/one.lua": "return 1",
            "config/bad.lua": b"\xff",
        }
    )
    assert texts(registry)[0].startswith("config/app.yaml:5  app:x source  got ")
    assert fault in texts(registry)[0]
    assert [found.scope for found in registry.faults] == ["entry"]
    assert registry.bundle("app:ok").source == "return 1"
    with pytest.raises(Error, match=r"config/app\.yaml:5") as caught:
        registry.bundle("app:x")
    assert caught.value.kind == INVALID
    assert caught.value.retryable is False


def test_a_special_file_does_not_hang_the_load(load: Load, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    os.mkfifo(tmp_path / "config/pipe.yaml")
    assert "special file" in str(load({}).faults[0])


def test_relative_directories_give_relative_file_names(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(
        {
            "config/node.yaml": "directories: {src: ., scripts: ../scripts}\n",
            "config/app.yaml": "namespace: app\nname: x\nkind: library.lua\nsource: file:///x.lua\n",
            "scripts/x.lua": "return 1",
        }
    )
    monkeypatch.chdir(tmp_path)
    registry = load_registry(Path("config"), environment={}, modules={})
    assert registry.bundle("app:x").file == "scripts/x.lua"
    assert registry.entry("app:x").file == "config/app.yaml"


def test_inline_source_knows_its_lines_in_the_yaml(load: Load) -> None:
    registry = load("namespace: app\nname: x\nkind: library.lua\nsource: |\n  local a = 1\n  return a\n")
    bundle = registry.bundle("app:x")
    assert bundle.source == "local a = 1\nreturn a\n"
    assert bundle.file.endswith("config/app.yaml")
    assert bundle.line == 4  # the first line of the source is line 5


def test_the_environment_is_read_at_decode_and_the_raw_data_keeps_the_placeholder(load: Load) -> None:
    registry = load(
        """
        namespace: app
        entries:
          - name: flows
            kind: workflow.host
            concurrency: ${env:LIMIT}
            cache: {runs: "${env:RUNS|7}"}
            task_queue: $${env:LIMIT}
            meta: {description: "for ${env:WHO|all}"}
        """,
        environment={"LIMIT": "12"},
    )
    entry = registry.entry("app:flows")
    assert registry.faults == ()
    assert (entry.config.concurrency, entry.config.cache.runs, entry.config.task_queue) == (12, 7, "${env:LIMIT}")
    assert entry.data["concurrency"] == "${env:LIMIT}"
    assert entry.meta["description"] == "for ${env:WHO|all}"
    assert entry.about.description == "for all"


def test_a_missing_variable_breaks_the_entry(load: Load, texts: Texts) -> None:
    registry = load("namespace: app\nname: db\nkind: db.sql.sqlite\nfile: ${env:NONE}\n")
    assert texts(registry) == [
        (
            "config/app.yaml:4  app:db file  got ${env:NONE}, which is not set,"
            " expected NONE in the environment, or a default: ${env:NONE|default}"
        )
    ]
    assert registry.entry("app:db").config is None


def test_program_text_is_never_interpolated(load: Load) -> None:
    files = {
        "config/app.yaml": "namespace: app\nname: x\nkind: library.lua\nsource: file://x.lua\n",
        "config/x.lua": "return '${env:NONE}'",
        "config/y.yaml": "namespace: y\nname: y\nkind: library.lua\nsource: return '${env:NONE}'\n",
    }
    registry = load(files)
    assert registry.faults == ()
    assert registry.bundle("app:x").source == "return '${env:NONE}'"
    assert registry.bundle("y:y").source == "return '${env:NONE}'"


def test_all_faults_arrive_together(load: Load) -> None:
    registry = load(
        """
        namespace: app
        entries:
          - {name: a, kind: process.host, lifecycle: {start_timeout: 5, restart: {jitter: 2}}}
          - {name: b, kind: function.lua, modules: json, source: 'file://none.lua'}
          - {name: c, kind: proces.host}
        """
    )
    assert [(fault.entry, fault.path, fault.scope) for fault in registry.faults] == [
        ("app:a", "lifecycle.restart.jitter", "entry"),
        ("app:a", "lifecycle.start_timeout", "entry"),
        ("app:b", "modules", "entry"),
        ("app:b", "source", "entry"),
        ("app:c", "kind", "notice"),
    ]


def test_an_unknown_entry_is_not_found_with_the_closest_id(load: Load) -> None:
    registry = load("namespace: app\nname: orders\nkind: process.host\n")
    with pytest.raises(Error, match="did you mean 'app:orders'") as caught:
        registry.entry("app:order")
    assert caught.value.kind == NOT_FOUND


@pytest.mark.parametrize(("file", "strict"), [("node.yaml", True), (".wippy.yaml", True), ("other.yaml", False)])
def test_strict_security_is_asked_for_beside_the_registry(tmp_path: Path, file: str, strict: bool) -> None:  # noqa: FBT001
    (tmp_path / file).write_text("security: {strict_mode: true}\n")
    assert open_registry(tmp_path, environment={}, modules={}).strict is strict


def test_strict_security_is_true_or_false(tmp_path: Path) -> None:
    (tmp_path / "node.yaml").write_text("security: {strict_mode: sure}\n")
    (fault,) = open_registry(tmp_path, environment={}, modules={}).fatal
    assert (fault.path, fault.expected, fault.line) == ("security.strict_mode", "true or false", 1)


def test_replaced_modules_are_not_read(tmp_path: Path) -> None:
    places = ("src", "mods/acme/lib", "mods/acme/lib@v1", "mods/acme/library", "mods/vendor/acme/lib-v2", "new")
    for number, place in enumerate(places):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "a.yaml").write_text(f"{{namespace: app, name: n{number}, kind: registry.entry}}")
    lock = "directories: {src: src, modules: mods}\nreplacements: [{from: acme/lib, to: new}, {from: 7, to: new}]\n"
    (tmp_path / "wippy.lock").write_text(lock)
    registry = load_registry(tmp_path, environment={}, modules={})
    assert [entry.name for entry in registry] == ["n0", "n3", "n5"]
