"""Queues of runs: a host takes up those that it serves, the others wait until somebody lets them begin."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import trio

from actorflow.clock import SystemClock
from actorflow.errors import CONFLICT, INVALID, NOT_FOUND, Error
from actorflow.node.node import Node
from actorflow.store.operator import Operator
from actorflow.store.port import RunFilter
from actorflow.store.stores import Stores
from actorflow.store.view import why as told
from tests.conformance.hosts.place import FLOWS, Place
from tests.conformance.process.rig import until

LUA = "local function main(word) return word end"
PYTHON = "async def main(word):\n    return word\n"
FAMILY = """
from actorflow.script import process

async def main():
    child = process.with_options({"workflow.id": "child", "workflow.queue": "nightly"})
    await child.spawn("app:lua", "app:flows", "of the family")
    return (await process.events().receive()).result["value"]
"""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path, {"queues": ["default", "reports"]})
    made.lua("lua", LUA, "workflow", queue="nightly")
    made.python("py", PYTHON, "workflow")
    made.python("family", FAMILY, "workflow")
    return made


async def held(node: Node, workflow_id: str, entry: str = "app:py", **options: Any) -> str:
    given = {"workflow.id": workflow_id, **{f"workflow.{name}": value for name, value in options.items()}}
    started = await node.start(entry, host=FLOWS, args=[workflow_id], options=given)
    assert started.how == "held"
    return str(started.value)


async def names(node: Node, **which: str) -> set[str]:
    return {line["workflow_id"] for line in await node.runs.find(RunFilter(**which))}


async def why(node: Node, workflow_id: str) -> list[str]:
    host: Any = node.hosts[FLOWS]
    known = await host.told(workflow_id)
    found: dict[str, Any] = await host.engine.writer.read(
        lambda reader: told(reader, workflow_id, served=True, told=known)
    )
    return list(found["reasons"])


async def test_a_run_of_a_queue_that_its_host_does_not_serve_waits_until_it_is_released(place: Place) -> None:
    async with place.node() as node:
        lua, other = await held(node, "a", "app:lua"), await held(node, "b", queue="monthly")
        assert await node.exec("app:py", host=FLOWS, args=[1], options={"workflow.queue": "reports"}) == 1
        assert (await node.runs.show("a"))["queue"] == "nightly", "that of its entry"
        assert await names(node, queue="nightly") == {"a"}
        assert await names(node, queue="monthly", state="created") == {"b"}
        said = "in queue 'nightly', which its host does not serve (it serves default, reports)"
        assert said in (await node.runs.show("a"))["reason"]
        first, second = await why(node, "a")
        assert said in first
        assert second.startswith("may begin from ")
        await node.send(lua, "early", 1)
        await node.runs.change("release", "a", by="ann")
        assert await node.wait(lua, timeout=30) == "a"
        assert [(state["state"], state["by"]) for state in (await node.runs.show("a"))["states"]] == [
            ("created", ""),
            ("pending", "ann"),
            ("completed", ""),
        ]
        await node.runs.change("terminate", "b")
        with pytest.raises(Error, match="terminated"):
            await node.wait(other, timeout=30)


async def test_those_that_are_due_are_released_together_by_queue(place: Place) -> None:
    async with place.node() as node:
        pids = [await held(node, "a", queue="nightly"), await held(node, "b", hold=True)]
        await held(node, "late", queue="nightly", start_delay="1h")
        await held(node, "later", hold=True, start_delay="1h")
        await held(node, "c", queue="monthly")
        dry = await node.runs.change_all("release", RunFilter(), due=True, dry_run=True)
        assert {line["pid"] for line in dry} >= set(pids)
        assert len(dry) == 3
        (line,) = await node.runs.change_all("release", RunFilter(queue="nightly"), due=True)
        assert (line["pid"], line["to"]) == (pids[0], "pending")
        assert len(await node.runs.change_all("release", RunFilter(queue="default"), due=True)) == 1
        assert [await node.wait(pid, timeout=30) for pid in pids] == ["a", "b"]
        assert await names(node, state="created") == {"late", "later", "c"}
        with pytest.raises(Error) as refused:
            await node.runs.change_all("pause", RunFilter(), due=True)
        assert refused.value.kind == INVALID
        for workflow_id, kind in (("a", CONFLICT), ("nobody", NOT_FOUND)):
            with pytest.raises(Error) as refused:
                await node.runs.change("release", workflow_id)
            assert refused.value.kind == kind


async def test_without_a_node_what_is_released_begins_with_the_next_one(place: Place) -> None:
    async with place.node() as node:
        pid = await held(node, "a", queue="nightly")
        registry = node.registry
    stores = Stores(place.path / ".actorflow", registry)  # type: ignore[arg-type]
    await stores.open_existing()
    operator = Operator(stores, SystemClock())
    assert [line["to"] for line in await operator.change_all("release", RunFilter(queue="nightly"), due=True)] == [
        "pending"
    ]
    await stores.close()
    async with place.node() as node:
        assert await node.wait(pid, timeout=30) == "a"


async def test_a_host_that_comes_to_serve_a_queue_takes_its_runs_up(place: Place) -> None:
    async with place.node() as node:
        pid = await held(node, "a", queue="nightly")
        kept = await held(node, "b", hold=True, queue="nightly")
        await held(node, "c", queue="monthly")
    place.entries["flows"]["queues"] = ["nightly"]
    async with place.node() as node:
        assert await node.wait(pid, timeout=30) == "a"
        assert await names(node, state="created") == {"b", "c"}, "what is on hold waits for a hand"
        await node.runs.change("release", "b")
        assert await node.wait(kept, timeout=30) == "b"
    del place.entries["flows"]["queues"]
    async with place.node() as node:
        await until(lambda: not node.hosts[FLOWS].engine.open_ids)  # type: ignore[attr-defined]
        assert await names(node, state="completed") == {"a", "b", "c"}, "without the field it serves all"


async def test_a_host_that_serves_none_leaves_every_start_to_a_hand(place: Place) -> None:
    place.entries["flows"]["queues"] = []
    async with place.node() as node:
        pid = await held(node, "a")
        assert "it serves none" in (await node.runs.show("a"))["reason"]
        await node.runs.change("release", pid)
        assert await node.wait(pid, timeout=30) == "a"


async def test_a_run_on_hold_holds_no_lock_key(place: Place) -> None:
    async with place.node() as node:
        waits = await held(node, "a", queue="nightly", lock_key="k")
        pid = await node.spawn("app:py", host=FLOWS, args=["b"], options={"workflow.lock_key": "k"})
        assert await node.wait(pid, timeout=30) == "b"
        await node.runs.change("release", waits)
        assert await node.wait(waits, timeout=30) == "a"


async def test_a_child_may_be_in_another_queue(place: Place) -> None:
    async with place.node() as node:
        pid = await node.spawn("app:family", host=FLOWS)
        await until(lambda: "child" in node.hosts[FLOWS].engine.open_ids)  # type: ignore[attr-defined]
        assert (await node.runs.show("child"))["queue"] == "nightly"
        await node.runs.change("release", "child")
        assert await node.wait(pid, timeout=30) == "of the family"


async def test_what_follows_a_run_is_in_its_queue(place: Place) -> None:
    place.python("fails", "async def main(word):\n    raise ValueError(word)\n", "workflow")
    async with place.node() as node:
        policy = {"initial_interval": 1, "maximum_attempts": 2}
        pid = await held(node, "a", "app:fails", queue="nightly", retry_policy=policy)
        await node.runs.change("release", pid)
        await node.wait(pid, until="failed", timeout=30)
        await until(lambda: node.hosts[FLOWS].engine.open_ids.get("a", 1) > 1)  # type: ignore[attr-defined]
        shown = await node.runs.show("a")
        assert (shown["attempt"], shown["state"], shown["queue"]) == (2, "created", "nightly")
        await node.runs.change("release", pid)
        with pytest.raises(Error, match="a"):
            await node.wait(pid, timeout=30)


WAITS = """
local process = require("process")
local function main(...)
  local message = process.inbox():receive()
  return message:payload():data()
end
"""
PARENT = """
from actorflow.script import process

async def main():
    for name, options in (("low", {"workflow.priority": -1}), ("mine", {})):
        child = process.with_options({"workflow.id": "a", "workflow.on_conflict": "queue", **options})
        await child.spawn("app:waits", "app:flows", name)
    await process.inbox().receive()
"""


@pytest.mark.parametrize("by", ["id", "lock"])
async def test_who_waits_for_an_id_gets_it_by_priority(place: Place, by: str) -> None:
    place.lua("waits", WAITS, "workflow")
    place.python("parent", PARENT, "workflow")
    asked = {"workflow.id": "a", "workflow.on_conflict": "queue"} if by == "id" else {"workflow.lock_key": "a"}
    async with place.node() as node:
        holder = await node.spawn("app:waits", host=FLOWS, options={"workflow.id": "a", "workflow.lock_key": "a"})
        started: dict[str, str] = {}
        for name, priority in (("low", -3), ("plain", 0), ("high", 5), ("temporal", {"priority_key": 1}), ("also", 5)):
            options = {**asked, "workflow.priority": priority}
            started[name] = await node.spawn("app:waits", host=FLOWS, options=options)
        order = []
        last = holder
        while started:
            await node.send(last, "go", 1)
            await node.wait(last, timeout=30)
            name = await begun(node, started)
            order.append(name)
            last = started.pop(name)
        assert order == ["high", "also", "temporal", "plain", "low"]


async def begun(node: Node, waiting: dict[str, str]) -> str:
    """Return the one run that does not wait any more, once there is one."""
    while True:
        states = {name: (await node.runs.show(pid))["state"] for name, pid in waiting.items()}
        if found := [name for name, state in states.items() if state != "created"]:
            (name,) = found
            return name
        await trio.sleep(0.01)


async def test_a_child_has_the_priority_of_its_parent(place: Place) -> None:
    place.lua("waits", WAITS, "workflow")
    place.python("parent", PARENT, "workflow")
    async with place.node() as node:
        holder = await node.spawn("app:waits", host=FLOWS, options={"workflow.id": "a"})
        await node.spawn("app:parent", host=FLOWS, options={"workflow.priority": 7})
        await until(lambda: len(node.hosts[FLOWS].engine.open_ids) == 4)  # type: ignore[attr-defined]
        await node.start("app:waits", host=FLOWS, options={"workflow.id": "a", "workflow.on_conflict": "queue"})
        waiting = [line["run_id"] for line in await node.runs.find(RunFilter(entry="app:waits", state="created"))]
        await node.send(holder, "go", 1)
        await node.wait(holder, timeout=30)
        first = await node.runs.show(await begun(node, {run: run for run in waiting}))
        assert (first["args"], first["priority"]) == (["mine"], 7)
        assert {(await node.runs.show(run))["priority"] for run in waiting} == {7, 0, -1}
