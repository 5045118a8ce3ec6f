"""Scripts that change on disk while runs are open: a run keeps the source it began with, or stops with a report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from actorflow import app
from actorflow.app import Booted
from actorflow.bundle import Bundle
from actorflow.node.node import Node
from actorflow.notice import Notice
from actorflow.ports import Program
from actorflow.run.state import PAUSED
from actorflow.store.dialect import Sqlite
from actorflow.testing.invariant import Ledger, Signal
from tests.conformance.process.rig import until
from tests.crash.kept import PATIENCE, paused
from tests.crash.rig import laws_of

INDEX = """
version: "1.0"
namespace: app
entries:
  - {name: flows, kind: workflow.host, lifecycle: {auto_start: true}}
  - {name: one, kind: function.py, source: file://functions.py, method: one}
  - {name: two, kind: function.py, source: file://functions.py, method: two}
  - {name: flow_py, kind: workflow.py, source: file://flow.py}
  - {name: flow_lua, kind: workflow.lua, source: file://flow.lua, method: main, modules: [funcs]}
"""
FUNCTIONS = """
async def one():
    return 1

async def two():
    return 2
"""
SCRIPTS = {
    "py": """
        from actorflow.script import funcs, process

        async def main():
            go = process.listen("go")
            first = await funcs.call("app:one")
            await go.receive()
            return ["old", first]
    """,
    "lua": """
        local funcs = require("funcs")

        local function main()
          local go = process.listen("go")
          local first = funcs.call("app:one")
          go:receive()
          return {"old", first}
        end
        return {main = main}
    """,
}
CALL_LINE = 5
"""The line of each script on which it calls."""
LANGUAGES = ["py", "lua"]


def changed(script: str) -> str:
    return script.replace("app:one", "app:two").replace("old", "new")


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    (tmp_path / "_index.yaml").write_text(INDEX)
    (tmp_path / "functions.py").write_text(FUNCTIONS)
    for language, script in SCRIPTS.items():
        (tmp_path / f"flow.{language}").write_text(dedent(script).lstrip("\n"))
    return tmp_path


def database(registry: Path) -> Sqlite:
    return Sqlite(registry / ".actorflow" / "runs.db")


async def show(booted: Booted, workflow_id: str) -> Any:
    return await booted.stores.about(workflow_id, lambda reader: reader.find(workflow_id))


async def begin(registry: Path, language: str) -> str:
    """Start a run and leave it when its call has been answered."""
    async with app.boot(registry) as booted:
        options = {"workflow.id": "flow"}
        pid = await booted.node.spawn(f"app:flow_{language}", host="app:flows", options=options)
        row = await show(booted, "flow")
        while row.last_seq < 3:
            row = await show(booted, "flow")
    return pid


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_run_keeps_the_source_it_began_with(registry: Path, language: str) -> None:
    pid = await begin(registry, language)
    file = registry / f"flow.{language}"
    file.write_text(changed(file.read_text()))
    async with app.boot(registry) as booted:
        await booted.node.send(pid, "go")
        assert await booted.node.wait(pid, timeout=PATIENCE) == ["old", 1]
        again = await booted.node.spawn(f"app:flow_{language}", host="app:flows")
        await booted.node.send(again, "go")
        assert await booted.node.wait(again, timeout=PATIENCE) == ["new", 2]
    ids = {"flow", again.rpartition("|")[2].rstrip("}")}
    laws_of(database(registry), Ledger(ids, ids, [Signal(workflow_id, "go", None) for workflow_id in ids]))


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_run_whose_file_is_gone_goes_on(registry: Path, language: str) -> None:
    pid = await begin(registry, language)
    (registry / f"flow.{language}").unlink()
    async with app.boot(registry) as booted:
        await booted.node.send(pid, "go")
        assert await booted.node.wait(pid, timeout=PATIENCE) == ["old", 1]
    laws_of(database(registry), Ledger(["flow"], ["flow"], [Signal("flow", "go", None)]))


def with_changed_programs(node: Node) -> None:
    """Let the node compile another source than the one that is stored: what no user can do by editing files."""
    compiled: Callable[..., Program] = node.programs.compiled

    def other(bundle: Bundle, *, durable: bool, **more: Any) -> Program:
        return compiled(replace(bundle, source=changed(bundle.source)), durable=durable, **more)

    node.programs.compiled = other  # type: ignore[method-assign]


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_script_that_does_not_repeat_itself_is_paused_with_both_columns(registry: Path, language: str) -> None:
    pid = await begin(registry, language)
    notices: list[Notice] = []
    async with app.boot(registry, notices=notices.append) as booted:
        with_changed_programs(booted.node)
        await booted.node.send(pid, "go")
        await until(lambda: paused(notices))
        row = await show(booted, "flow")
        faults = await booted.stores.about("flow", lambda reader: reader.verify(row.run))
        kept = await booted.stores.about("flow", lambda reader: reader.inbox(row.run))
    assert (row.state, faults, [item.target for item in kept]) == (PAUSED, [], ["go"])
    header, columns, kind, target, payload, place, ways, *lines = row.reason.splitlines()
    assert header.startswith("nondeterminism at event 2")
    assert columns.split() == ["the", "journal", "has", "the", "script", "asked"]
    assert kind.split() == ["kind:", "FunctionCalled", "kind:", "FunctionCalled"]
    assert target.split() == ["≠", "target:", "app:one", "target:", "app:two"]
    assert payload.startswith("  payload:")
    assert place.startswith("  the script stands at ")
    assert place.endswith(f"flow.{language}:{CALL_LINE}")
    assert ways == "ways out:"
    assert [line.split(":")[0] for line in lines] == ["  pin", "  version", "  fork", "  accept"]
    (notice,) = paused(notices)
    assert (notice.text, notice.where) == (row.reason, pid)
    laws_of(database(registry), Ledger(["flow"], signals=[Signal("flow", "go", None)]))
