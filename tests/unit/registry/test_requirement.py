from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from actorflow.registry.registry import Registry

Load: TypeAlias = Callable[..., Registry]
Texts: TypeAlias = Callable[[Registry], list[str]]

MODULE = """
namespace: acme.jobs
entries:
  - name: host
    kind: ns.requirement
    targets:
      - {entry: acme.jobs:service, path: .host}
      - {entry: worker, path: .meta.default_host}
      - {entry: service, path: ".lifecycle.depends_on +="}
      - {entry: service, path: .input.1.on}
    default: acme.jobs:own
  - {name: own, kind: process.host}
  - {name: worker, kind: process.lua, source: return 1}
  - name: service
    kind: process.service
    process: worker
    input: [1, {on: ""}]
    lifecycle: {depends_on: [own]}
"""
USER = """
namespace: app
entries:
  - {name: processes, kind: process.host}
  - name: jobs
    kind: ns.dependency
    component: acme/jobs
    version: "*"
    parameters: [{name: host, value: "app:processes"}]
"""


def test_the_parameter_of_a_dependency_is_put_where_the_module_says(load: Load) -> None:
    registry = load({"config/jobs.yaml": MODULE, "config/app.yaml": USER})
    assert registry.faults == ()
    service = registry.entry("acme.jobs:service")
    assert service.config.host == "app:processes"
    assert service.data["input"] == [1, {"on": "app:processes"}]
    assert service.data["lifecycle"]["depends_on"] == ["own", "app:processes"]
    assert registry.entry("acme.jobs:worker").about.default_host == "app:processes"
    assert registry.entry("acme.jobs:host").data["default"] == "acme.jobs:own"


def test_the_default_counts_where_nobody_says_more(load: Load) -> None:
    service = load(MODULE).entry("acme.jobs:service")
    assert service.config.host == "acme.jobs:own"
    assert service.data["lifecycle"]["depends_on"] == ["own", "acme.jobs:own"]


@pytest.mark.parametrize("default", ['""', "null"])
def test_an_empty_default_is_none(load: Load, default: str) -> None:
    tree = MODULE.replace("default: acme.jobs:own", f"default: {default}")
    tree = tree.replace("process: worker", "process: worker\n    host: own")
    service = load(tree).entry("acme.jobs:service")
    assert service.data["lifecycle"]["depends_on"] == ["own"]
    assert service.data["input"] == [1, {"on": ""}]


def test_a_default_never_replaces_what_an_entry_says_itself(load: Load) -> None:
    tree = MODULE.replace("process: worker", "process: worker\n    host: written")
    assert load(tree).entry("acme.jobs:service").data["host"] == "written"
    both = load({"config/jobs.yaml": tree, "config/app.yaml": USER})
    assert both.entry("acme.jobs:service").data["host"] == "app:processes"


@pytest.mark.parametrize(
    ("parameter", "component", "host"),
    [
        ("acme.jobs:host", "other/thing", "app:processes"),
        ("host", "acme/jobs", "app:processes"),
        ("host", "acme", "app:processes"),
        ("host", "", "app:processes"),
        ("host", "other/thing", "acme.jobs:own"),
        ("hosts", "acme/jobs", "acme.jobs:own"),
    ],
)
def test_a_parameter_means_the_requirement_of_its_component(
    load: Load, parameter: str, component: str, host: str
) -> None:
    user = USER.replace("name: host", f"name: {parameter!r}").replace("acme/jobs", component or '""')
    assert load({"config/jobs.yaml": MODULE, "config/app.yaml": user}).entry("acme.jobs:service").data["host"] == host


def test_an_override_has_the_last_word(load: Load) -> None:
    registry = load({"config/jobs.yaml": MODULE, "config/app.yaml": USER}, overrides=["acme.jobs:service:host=app:x"])
    assert registry.entry("acme.jobs:service").data["host"] == "app:x"


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("{entry: acme.jobs:servise, path: .host}", "did you mean 'acme.jobs:service'"),
        ("{entry: service, path: ''}", "expected a field such as .meta.router"),
        ("{entry: service, path: .process.deeper}", "expected a path through maps and lists"),
        ("{entry: service, path: .input.7}", "expected the number of an item"),
        ("{entry: service}", "expected a target"),
        ("5", "expected a target"),
    ],
)
def test_a_target_that_is_wrong_is_a_notice_and_the_rest_is_done(
    load: Load, texts: Texts, target: str, said: str
) -> None:
    tree = MODULE.replace("targets:", f"targets:\n      - {target}")
    registry = load(tree)
    assert [fault.scope for fault in registry.faults] == ["notice"]
    assert said in texts(registry)[0]
    assert "targets[0]" in texts(registry)[0]
    assert registry.entry("acme.jobs:service").config.host == "acme.jobs:own"


@pytest.mark.parametrize("data", ["data: 5", "targets: 5", "data: [1]", "targets: [], parameters: 5"])
@pytest.mark.parametrize("kind", ["ns.requirement", "ns.dependency"])
def test_any_other_shape_is_data(load: Load, data: str, kind: str) -> None:
    tree: Any = (
        f"namespace: app\nentries:\n  - {{name: a, kind: {kind}, {data}}}\n  - {{name: b, kind: ns.requirement}}\n"
    )
    assert load(tree).faults == ()
