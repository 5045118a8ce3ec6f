"""Trees written for Wippy, as they are: wippy.lock with replacements, .wippy.yaml, a Temporal worker on another host."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.project import Project

LOCKED = {
    "wippy.lock": """
        directories: {modules: .wippy, src: ./src}
        modules:
          - {name: acme/greeter, version: v1.0.0, hash: "00"}
        replacements:
          - {from: acme/other, to: ../other}
        """,
    ".wippy.yaml": """
        version: "1.0"
        logger: {encoding: console}
        override:
          app:greet:meta.comment: overridden
        """,
    "src/_index.yaml": """
        version: "1.0"
        namespace: app
        entries:
          - name: greet
            kind: function.lua
            meta: {type: test, suite: locked}
            source: file://greet.lua
            method: main
            modules: [registry]
            imports: {greeter: "acme.greeter:greeter", other: "acme.other:other"}
        """,
    "src/greet.lua": """
        local registry = require("registry")
        local function main()
            assert(greeter.greet("you") == "hello you")
            assert(other.name == "other")
            assert(registry.get("app:greet").meta.comment == "overridden")
            assert(registry.get("ignored:beside") == nil)
        end
        return { main = main }
        """,
    ".wippy/vendor/acme/greeter/_index.yaml": """
        namespace: acme.greeter
        name: greeter
        kind: library.lua
        source: file://lib/greeter.lua
        """,
    ".wippy/vendor/acme/greeter/lib/greeter.lua": """
        return { greet = function(name) return "hello " .. name end }
        """,
    "../other/_index.yaml": """
        namespace: acme.other
        entries: [{name: other, kind: library.lua, source: "return {name = 'other'}"}]
        """,
    ".wippy/vendor/acme/other/_index.yaml": """
        namespace: acme.other
        entries: [{name: other, kind: library.lua, source: "return {name = 'replaced'}"}]
        """,
    ".wippy/vendor/acme/other-v1.2.0/_index.yaml": """
        namespace: acme.other
        entries: [{name: other, kind: library.lua, source: "return {name = 'replaced too'}"}]
        """,
    "beside.yaml": "{namespace: ignored, name: beside, kind: registry.entry}\n",
}

TEMPORAL = {
    "_index.yaml": """
        version: "1.0"
        namespace: app
        entries:
          - name: temporal_client
            kind: temporal.client
            address: "localhost:7233"
            namespace: default
            auth: {type: none}
            lifecycle: {auto_start: true}
          - name: worker
            kind: temporal.worker
            client: temporal_client
            task_queue: orders
            worker_options: {max_concurrent_activity_execution_size: 10}
            lifecycle: {auto_start: true, requires: [temporal_client]}
          - name: charge
            kind: function.lua
            meta: {temporal: {activity: {worker: "app:worker"}}}
            source: "return function(order) return 'charged ' .. order end"
          - name: order
            kind: workflow.lua
            meta: {temporal: {workflow: {worker: "app:worker", name: Order}}}
            modules: [funcs, time]
            source: |
              local funcs = require("funcs")
              local function main(order)
                return funcs.call("app:charge", order)
              end
              return { main = main }
          - name: parent
            kind: workflow.lua
            meta: {temporal: {workflow: {worker: "app:worker"}}}
            source: "return function() return process.exec('app:order', 'orders', 'o-2') end"
          - name: places_an_order
            kind: function.lua
            meta: {type: test, suite: temporal}
            source: |
              return function()
                local result, err = process.exec("app:order", "app:worker", "o-1")
                assert(err == nil, tostring(err))
                assert(result == "charged o-1")
                assert(process.exec("app:parent", "app:worker") == "charged o-2")
              end
        """,
}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path / "project")
    made.path.mkdir()
    return made


def test_a_locked_tree_runs_with_its_modules_and_replacements(project: Project) -> None:
    for name, text in LOCKED.items():
        project.write(name, text)
    done = project.run("test", ".", "--json")
    assert done.lines[-1] == {"passed": 1, "failed": 0, "error": 0}, done.out + done.err


def test_a_tree_for_a_temporal_worker_runs_on_a_workflow_host(project: Project) -> None:
    for name, text in TEMPORAL.items():
        project.write(name, text)
    done = project.run("test", ".", "--json", "-o", "app:worker:kind=workflow.host")
    assert done.lines[-1] == {"passed": 1, "failed": 0, "error": 0}, done.out + done.err
