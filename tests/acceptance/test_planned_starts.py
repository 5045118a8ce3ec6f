"""Starts by a plan: the second and later ones of an entry come to what the first came to, until the entry changes."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio

from actorflow.app import Booted, boot
from actorflow.codec import decode
from actorflow.errors import NOT_FOUND, Error
from actorflow.registry.change import Change
from tests.acceptance.project import Project

INDEX = """
namespace: app
entries:
  - {name: flows, kind: workflow.host, database: memory, lifecycle: {auto_start: true}}
  - {name: lib, kind: library.lua, source: "return {version = 0}"}
  - {name: double, kind: function.py, source: "async def main(n):\\n    return 2 * n\\n"}
  - name: flow_lua
    kind: workflow.lua
    modules: [funcs, workflow]
    imports: {lib: app:lib}
    source: |
      return function(n)
        local info = workflow.info()
        return {funcs.call("app:double", n), lib.version, info.workflow_type, info.attempt}
      end
  - name: flow_py
    kind: workflow.py
    source: |
      from actorflow.script import funcs, workflow
      async def main(n):
          info = workflow.info()
          return [await funcs.call("app:double", n), 0, info["workflow_type"], info["attempt"]]
"""
_OWN = frozenset({"seed", "run_id", "workflow_id"})
"""Fields of a start event that are of one run alone."""


@asynccontextmanager
async def booted(directory: Path) -> AsyncIterator[Booted]:
    Project(directory).write("_index.yaml", INDEX)
    with trio.fail_after(60):
        async with boot(directory) as made:
            yield made


def update(entry: str, **data: Any) -> Change:
    return Change("update", entry, data=data)


async def run(made: Booted, entry: str, n: int = 4) -> Any:
    return await made.node.exec(entry, host="app:flows", args=[n])


def flows(made: Booted) -> Any:
    return made.node.hosts["app:flows"]


async def written(made: Booted, pid: str) -> tuple[Any, ...]:
    """Return the row and the journal of a run, without what is of that run alone."""
    await made.node.wait(pid)
    row = await flows(made).engine.writer.read(lambda store: store.find(pid.rpartition("|")[2].rstrip("}")))
    events = await flows(made).engine.writer.read(lambda store: store.journal(row.run, 0, 100))
    start = {name: value for name, value in decode(events[0].payload).items() if name not in _OWN}
    fields = [(event.kind, event.ref, event.target, event.payload) for event in events[1:]]
    return start, fields, row.entry, row.bundle_hash, row.queue, row.strict, row.host, row.state, row.result


@pytest.mark.parametrize("entry", ["app:flow_lua", "app:flow_py"])
async def test_starts_by_a_plan_write_what_the_first_one_wrote(tmp_path: Path, entry: str) -> None:
    async with booted(tmp_path) as made:
        found = []
        for _ in range(3):
            pid = await made.node.spawn(entry, host="app:flows", args=[4])
            found.append(await written(made, pid))
            assert entry in flows(made).plans
        assert found[0] == found[1] == found[2]
        assert await made.node.wait(pid) == [8, 0, entry, 1]


async def test_a_plan_ends_with_the_source_it_was_made_of(tmp_path: Path) -> None:
    async with booted(tmp_path) as made:
        assert [(await run(made, "app:flow_lua"))[1] for _ in range(2)] == [0, 0]
        made.registry.apply([update("app:lib", source="return {version = 1}")])
        assert [(await run(made, "app:flow_lua"))[1] for _ in range(2)] == [1, 1]
        made.registry.apply([update("app:flow_lua", source="return function(n) return {n, 2} end")])
        assert [await run(made, "app:flow_lua") for _ in range(2)] == [[4, 2], [4, 2]]
        made.registry.apply([Change("delete", "app:flow_lua")])
        with pytest.raises(Error) as caught:
            await run(made, "app:flow_lua")
        assert caught.value.kind == NOT_FOUND
        assert "app:flow_lua" not in flows(made).plans


async def test_an_entry_that_gets_a_name_as_a_type_is_started_by_no_plan(tmp_path: Path) -> None:
    async with booted(tmp_path) as made:
        assert (await run(made, "app:flow_py"))[2] == "app:flow_py"
        assert "app:flow_py" in flows(made).plans
        made.registry.apply([Change("update", "app:flow_py", meta={"temporal": {"workflow": {"name": "Order"}}})])
        assert [(await run(made, "app:flow_py"))[2] for _ in range(2)] == ["Order", "Order"]
        assert "app:flow_py" not in flows(made).plans


async def test_what_is_not_plain_goes_the_long_way(tmp_path: Path) -> None:
    async with booted(tmp_path) as made:
        for _ in range(2):
            assert (await run(made, "app:flow_py"))[0] == 8
        for _ in range(2):
            pid = await made.node.spawn("app:flow_py", host="app:flows", args=[5], options={"workflow.id": "mine"})
            assert pid.endswith("|mine}")
            assert (await made.node.wait(pid))[0] == 10
        assert await made.node.exec("app:double", host="app:flows", args=[3]) == 6
        assert await made.node.exec("app:double", host="app:flows", args=[4]) == 8
        assert "app:double" not in flows(made).plans


async def test_runs_leave_nothing_to_the_garbage_collector(tmp_path: Path) -> None:
    async with booted(tmp_path) as made:
        for entry in ("app:flow_lua", "app:flow_py"):
            await run(made, entry)
        gc.collect()
        gc.disable()
        try:
            for entry in ("app:flow_lua", "app:flow_py"):
                for _ in range(5):
                    await run(made, entry)
            gc.set_debug(gc.DEBUG_SAVEALL)
            gc.collect()
        finally:
            gc.set_debug(0)
            gc.enable()
        left = {type(item).__name__ for item in gc.garbage}
        gc.garbage.clear()
        assert left.isdisjoint(
            {
                "Planner",
                "Endings",
                "Writes",
                "Head",
                "StartRun",
                "Turn",
                "JournalEvent",
                "Execution",
                "LiveRun",
                "Machine",
            }
        )
