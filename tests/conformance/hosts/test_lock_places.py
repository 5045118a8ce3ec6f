"""Lock keys with everything else that a run may wait for: several keys, holds, delays, chains, queues, pauses, forks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import trio

from actorflow.errors import Error
from actorflow.node.node import Node
from actorflow.store.view import show
from tests.conformance.hosts.place import FLOWS, Place
from tests.conformance.hosts.test_locks import LUA, NOTE, PYTHON, lines, reasons
from tests.conformance.hosts.test_steps import reader
from tests.conformance.process.rig import until

FAILS_ONCE = """
local function main(order)
  funcs.call("app:note", order.path, "begin " .. order.name .. " " .. workflow.info().attempt)
  if workflow.info().attempt == 1 then error("not yet") end
  return order.name
end
"""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    made.python("note", NOTE, "function")
    made.lua("lua", LUA, "workflow", lock_keys=["{a}", "{b}"])
    made.python("py", PYTHON, "workflow", lock_keys=["{a}", "{b}"])
    made.lua("free", LUA)
    made.lua("fails", FAILS_ONCE)
    return made


async def begun(node: Node, place: Place, name: str, keys: str = "", **options: Any) -> str:
    """Start a run that holds each letter of `keys` and waits for a message."""
    given = {"path": str(place.path / "effects"), "name": name, "wait": True}
    if keys:
        options["workflow.lock_keys"] = list(keys)
    options.setdefault("workflow.id", name)
    return await node.spawn(options.pop("entry", "app:free"), host=FLOWS, args=[given], options=options)


async def holding(place: Place, *names: str) -> None:
    await until(lambda: {f"begin {name}" for name in names} <= set(lines(place)))


def state(node: Node, pid: str) -> str:
    return str(show(reader(node), pid)["state"])


async def done(node: Node, pid: str) -> None:
    await node.send(pid, "go")
    await node.wait(pid, timeout=20)


@pytest.mark.parametrize("entry", ["app:lua", "app:py"])
async def test_several_keys_are_taken_together_and_in_order(place: Place, entry: str) -> None:
    async with place.node() as node:
        path = str(place.path / "effects")
        order = {"path": path, "name": "both", "wait": True, "a": "y", "b": "x"}
        first = await begun(node, place, "first", "x")
        await holding(place, "first")
        both = await node.spawn(entry, host=FLOWS, args=[order], options={"workflow.id": "both"})
        second = await begun(node, place, "second", "y")
        third = await begun(node, place, "third", "z")
        await holding(place, "third")
        assert reasons(node, both) == ["created: waits for lock x"]
        assert reasons(node, second) == ["created: waits for lock y"], "it does not overtake who is before it"
        await done(node, first)
        await holding(place, "both")
        assert "begin second" not in lines(place)
        await done(node, both)
        for pid in (second, third):
            await done(node, pid)


async def test_a_paused_run_keeps_its_place_and_others_go_on(place: Place) -> None:
    async with place.node() as node:
        first, second, third = [await begun(node, place, name, "x") for name in ("first", "second", "third")]
        await holding(place, "first")
        await node.runs.change("pause", "second")
        await done(node, first)
        await holding(place, "third")
        await node.runs.change("resume", "second")
        assert reasons(node, second) == ["pending: waits for lock x"]
        await node.runs.change("pause", "third")
        fourth = await begun(node, place, "fourth", "x")
        assert state(node, second) == "pending", "who is paused keeps what it holds"
    async with place.node() as node:
        await node.runs.change("resume", "third")
        await done(node, third)
        await holding(place, "second")
        assert "begin fourth" not in lines(place)
        await done(node, second)
        await done(node, fourth)


@pytest.mark.parametrize("verb", ["cancel", "terminate"])
async def test_a_waiting_run_that_ends_is_out_of_the_line(place: Place, verb: str) -> None:
    async with place.node() as node:
        first, second, third = [await begun(node, place, name, "x") for name in ("first", "second", "third")]
        await holding(place, "first")
        fourth = await begun(node, place, "fourth", "xy")
        fifth = await begun(node, place, "fifth", "y")
        await node.runs.change("pause", "second")
        await node.runs.change(verb, "second")
        await node.runs.change(verb, "fourth")
        await holding(place, "fifth")
        assert (state(node, second), state(node, fourth)) == ("cancelled", "cancelled")
        for pid in (first, third, fifth):
            await done(node, pid)


async def test_a_held_run_stands_in_line_once_it_is_released(place: Place) -> None:
    async with place.node() as node:
        held = await begun(node, place, "held", "x", **{"workflow.hold": True})
        first = await begun(node, place, "first", "x")
        await holding(place, "first")
        await node.runs.change("release", "held")
        assert reasons(node, held) == ["created: waits for lock x"]
        last = await begun(node, place, "last", "x")
        await done(node, first)
        await holding(place, "held")
        assert "begin last" not in lines(place)
        await done(node, held)
        await done(node, last)


@pytest.mark.parametrize("paused", [False, True])
async def test_a_delayed_run_holds_nothing_before_it_is_due(place: Place, paused: bool) -> None:  # noqa: FBT001
    async with place.node() as node:
        for seconds in (1, 5, 25):  # a slow machine gets more time
            names = f"late {seconds}", f"first {seconds}"
            late = await begun(node, place, names[0], "x", **{"workflow.start_delay": f"{seconds}s"})
            first = await begun(node, place, names[1], "x")
            if paused:
                await node.runs.change("pause", names[0])
            await until(lambda names=names: {f"begin {name}" for name in names} & set(lines(place)))  # type: ignore[misc]
            in_time = f"begin {names[1]}" in lines(place)
            if paused:
                await trio.sleep(seconds)
                await node.runs.change("resume", names[0])
            if in_time:
                break
            await done(node, late)
            await done(node, first)
        assert in_time, "it holds the lock, and is not due"
        await until(lambda: any("waits for lock x" in reason for reason in reasons(node, late)))
        assert f"begin {names[0]}" not in lines(place)
        await done(node, first)
        await holding(place, names[0])
        await done(node, late)


async def test_a_chain_lets_others_have_the_lock_between_its_runs(place: Place) -> None:
    async with place.node() as node:
        first = await begun(node, place, "first", "x")
        await holding(place, "first")
        policy = {"workflow.retry_policy": {"initial_interval": 100}}
        shaky = await begun(node, place, "shaky", "x", entry="app:fails", **policy)
        other = await begun(node, place, "other", "x")
        await done(node, first)
        await holding(place, "other")
        await until(lambda: any("waits for lock x" in reason for reason in reasons(node, shaky)))
        assert lines(place) == ["begin first", "end first", "begin shaky 1", "begin other"]
        await done(node, other)
        assert await node.wait(shaky, timeout=20) == "shaky"
    assert lines(place)[-1] == "begin shaky 2"


async def test_a_queued_run_waits_for_its_id_and_its_locks(place: Place) -> None:
    async with place.node() as node:
        first, other = await begun(node, place, "first"), await begun(node, place, "other", "x")
        await holding(place, "first", "other")
        queue = {"workflow.id": "first", "workflow.on_conflict": "queue"}
        queued = await begun(node, place, "queued", "x", **queue)
        behind = await begun(node, place, "behind", **queue)
        assert queued != first
        await done(node, first)
        assert reasons(node, queued) == ["created: waits for lock x"]
        await trio.sleep(0.05)
        assert not {"begin queued", "begin behind"} & set(lines(place))
        await done(node, other)
        await holding(place, "queued")
        await done(node, first)  # it answers to the PID of the id, too
        await holding(place, "behind")
        await done(node, behind)


async def test_a_fork_waits_for_the_lock_of_the_original(place: Place) -> None:
    async with place.node() as node:
        first = await begun(node, place, "first", "x")
        await holding(place, "first")
        await until(lambda: reasons(node, first) == [])  # its call has been answered: an open one is in the fork, too
        second = await begun(node, place, "second", "x")
        made = await node.fork("first")
        assert reasons(node, made["pid"]) == ["pending: waits for lock x"]
        await done(node, first)
        await done(node, second)
        await done(node, made["pid"])
    ends = [line for line in lines(place) if line.startswith("end")]
    assert ends == ["end first", "end second", "end first"]


async def test_a_retry_is_refused_while_one_of_the_locks_is_held(place: Place) -> None:
    place.lua("broken", "local function main() error('for good') end")
    async with place.node() as node:
        broken = await begun(node, place, "broken", "xy", entry="app:broken")
        with pytest.raises(Error):
            await node.wait(broken, timeout=20)
        await begun(node, place, "holder", "y")
        await holding(place, "holder")
        with pytest.raises(Error):
            await node.runs.change("retry", "broken", since="1")
