"""Updates of a run that continues as new: what goes over, what ends with it, and what is still known of it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio

from actorflow.errors import Error
from actorflow.node.node import Node
from tests.conformance.hosts.place import FLOWS, Place, waiting_for
from tests.conformance.hosts.test_queries import journal_of
from tests.conformance.hosts.test_steps import reader
from tests.conformance.process.rig import until

LUA = """
local function main(turn, pending)
  local hand, go = process.listen("hand", {message = true}), process.listen("go")
  if turn == 1 then
    workflow.on_update("quick", function(n) return "first" .. n end)
    workflow.on_update("slow", function() time.sleep("1h") end)
    local message = hand:receive()
    process.send(message:from(), "ack")
    go:receive()
    return process.upgrade("", 2, message:from())
  end
  process.send(pending, "ok", "second")
  workflow.on_update("quick", function(n) return "second" .. n end)
  workflow.on_update("later", function(n) return "later" .. n end)
  go:receive()
end
"""
PYTHON = """
from actorflow.script import process, time, workflow

async def main(turn, pending=None):
    hand, go = process.listen("hand", message=True), process.listen("go")
    if turn == 1:
        await workflow.on_update("quick", lambda n: f"first{n}")
        await workflow.on_update("slow", lambda: time.sleep(3600))
        message = await hand.receive()
        await process.send(message.sender, "ack")
        await go.receive()
        await process.upgrade("", 2, message.sender)
    await process.send(pending, "ok", "second")
    await workflow.on_update("quick", lambda n: f"second{n}")
    await workflow.on_update("later", lambda n: f"later{n}")
    await go.receive()
"""
FINISHES_LUA = """
local function main(turn)
  if turn == 2 then return "over" end
  workflow.on_update("slow", function() time.sleep("20ms") return "slept" end)
  process.listen("go"):receive()
  local before = workflow.all_handlers_finished()
  workflow.wait_until("updates", workflow.all_handlers_finished)
  if before then error("the update was not under way") end
  return process.upgrade("", 2)
end
"""
FINISHES_PYTHON = """
from actorflow.script import process, time, workflow

async def main(turn):
    if turn == 2:
        return "over"

    async def slow():
        await time.sleep(0.02)
        return "slept"

    await workflow.on_update("slow", slow)
    await process.listen("go").receive()
    assert not workflow.all_handlers_finished()
    await workflow.wait_until("updates", workflow.all_handlers_finished)
    await process.upgrade("", 2)
"""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    made.lua("lua", LUA)
    made.python("py", PYTHON)
    made.lua("finishes_lua", FINISHES_LUA)
    made.python("finishes_py", FINISHES_PYTHON)
    return made


async def answered(node: Node, answers: dict[str, Any], name: str, *args: Any) -> None:
    try:
        answers[name] = await node.update("one", name, *args, id=name, timeout=20)
    except Error as error:
        answers[name] = (error.kind, "continued as new" in error.message)


@pytest.mark.parametrize("language", ["lua", "py"])
async def test_what_was_not_taken_goes_over_and_what_a_handler_worked_on_is_given_up(
    place: Place, language: str
) -> None:
    answers: dict[str, Any] = {}
    expected = {"hand": "second", "later": "later1", "quick": "first1", "slow": ("Conflict", True)}
    async with place.node() as node, trio.open_nursery() as nursery:
        pid = await node.spawn(f"app:{language}", host=FLOWS, args=[1], options={"workflow.id": "one"})
        await answered(node, answers, "quick", 1)
        for name, args in {"slow": (), "hand": (), "later": (1,)}.items():
            nursery.start_soon(partial(answered, node, answers, name, *args))
            await until(partial(arrived, node, pid, name))
        await node.send(pid, "go")
        await until(lambda: answers.keys() == expected.keys())
        assert answers == expected
        for name in expected:
            await answered(node, answers, name, 1)
        assert answers == expected, "asking again gives the same"
        assert await node.update("one", "quick", 2) == "second2"
    async with place.node() as node:
        for name in expected:
            await answered(node, answers, name, 1)
        assert answers == expected, "after a restart too"


def arrived(node: Node, pid: str, name: str) -> bool:
    events = journal_of(reader(node), pid)
    return any(event.kind == "MessageReceived" and event.target == name for event in events[1:])


@pytest.mark.parametrize("language", ["lua", "py"])
async def test_a_script_may_wait_until_its_updates_are_done(place: Place, language: str) -> None:
    answers: dict[str, Any] = {}
    async with place.node() as node, trio.open_nursery() as nursery:
        pid = await node.spawn(f"app:finishes_{language}", host=FLOWS, args=[1], options={"workflow.id": "one"})
        await waiting_for(node, pid)
        nursery.start_soon(partial(answered, node, answers, "slow"))
        await until(partial(arrived, node, pid, "slow"))
        await node.send(pid, "go")
        assert await node.wait(pid, timeout=20) == "over"
        await until(lambda: answers == {"slow": "slept"})
