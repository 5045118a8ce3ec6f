"""Updates of durable runs: judged, accepted, answered, once for each id, in both languages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import trio

from actorflow.errors import Error
from actorflow.node.node import Node
from tests.conformance.hosts.place import ACTORS, FLOWS, Place
from tests.conformance.hosts.test_queries import journal

LUA = """
local function main()
  local total, done = 0, channel.new(1)
  workflow.on_update("add", {
    validate = function(n) if n < 0 then return nil, "negative" end end,
    handle = function(n)
      total = total + n
      return total
    end,
  })
  workflow.on_update("fail", function(why) return nil, why end)
  workflow.on_update("slow", function() time.sleep("20ms") return "slept" end)
  workflow.on_update("end", function() done:send(true) return "ended" end)
  done:receive()
  time.sleep("1ms")
  return total
end
"""
PYTHON = """
from actorflow.script import channel, process, time, workflow
from actorflow.script.errors import Rejected

async def main():
    total, done = [0], channel.new(1)

    def positive(n):
        if n < 0:
            raise ValueError("negative")

    def add(n):
        total[0] += n
        return total[0]

    async def fail(why):
        raise Rejected(why)

    async def slow():
        await time.sleep(0.02)
        return "slept"

    async def end():
        await done.send(True)
        return "ended"

    await workflow.on_update("add", add, validate=positive)
    await workflow.on_update("fail", fail)
    await workflow.on_update("slow", slow)
    await workflow.on_update("end", end)
    await done.receive()
    await time.sleep(0.001)
    return total[0]
"""
BY_HAND = """
local function main()
  local message = process.inbox():receive()
  local from = message:from()
  local early, err = process.send(from, "ok", 1)
  if not early then process.send(from, "ack") end
  process.send(from, "ok", {message:topic(), message:payload():data()})
  local _, late = process.send(from, "error", "no")
  local _, unknown = process.send("{update|nobody}", "ack")
  return {err and err:kind() or "-", late and late:kind() or "-", unknown:kind()}
end
"""
ENTRIES = ["app:lua", "app:py"]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    made.lua("lua", LUA)
    made.python("py", PYTHON)
    made.lua("hand", BY_HAND)
    return made


async def spawned(node: Node, entry: str) -> str:
    return await node.spawn(entry, host=FLOWS, options={"workflow.id": "one"})


@pytest.mark.parametrize("entry", ENTRIES)
async def test_an_update_is_answered_once_whoever_asks_how_often(place: Place, entry: str) -> None:
    async with place.node() as node:
        pid = await spawned(node, entry)
        assert await node.update(pid, "add", 2, id="first") == 2
        assert await node.update(pid, "add", 3) == 5
        assert await node.update(pid, "add", 2, id="first") == 2
    async with place.node() as node:
        assert await node.update("one", "add", 2, id="first") == 2
        assert await node.update("one", "add", 0) == 5
        assert await node.update("one", "end", id="last") == "ended"
        assert await node.wait(pid, timeout=20) == 5
        assert await node.update("one", "add", 2, id="first") == 2, "after the end too"
        assert await node.update("one", "end", id="last") == "ended"
        with pytest.raises(Error, match="has ended") as late:
            await node.update("one", "add", 2, id="another")
        assert late.value.kind == "Conflict"


@pytest.mark.parametrize("entry", ENTRIES)
async def test_a_rejected_update_leaves_nothing_recorded(place: Place, entry: str) -> None:
    async with place.node() as node:
        pid = await spawned(node, entry)
        before = await journal(node, pid)
        with pytest.raises(Error, match=r"update add was rejected: .*negative") as caught:
            await node.update(pid, "add", -1)
        assert caught.value.kind == "Invalid"
        assert await journal(node, pid) == before
        with pytest.raises(Error, match="not today") as failed:
            await node.update(pid, "fail", "not today")
        assert failed.value.kind == "Invalid"


@pytest.mark.parametrize("entry", ENTRIES)
async def test_who_waits_for_acceptance_alone_gets_the_id(place: Place, entry: str) -> None:
    async with place.node() as node:
        pid = await spawned(node, entry)
        assert await node.update(pid, "slow", id="nap", wait_for="accepted") == "nap"
        assert await node.update(pid, "slow", id="nap") == "slept"
        with pytest.raises(Error, match="timed out") as caught:
            await node.update(pid, "slow", id="another", timeout=0)
        assert caught.value.kind == "Timeout"
        assert await node.update(pid, "slow", id="another") == "slept"


async def test_many_clients_of_one_id_get_one_answer(place: Place) -> None:
    async with place.node() as node:
        pid = await spawned(node, "app:lua")
        answers: list[Any] = []

        async def ask() -> None:
            answers.append(await node.update(pid, "add", 1, id="same"))

        async with trio.open_nursery() as nursery:
            for _ in range(20):
                nursery.start_soon(ask)
        assert answers == [1] * 20
        assert await node.update(pid, "add", 0) == 1


async def test_the_protocol_by_hand_on_both_kinds_of_host(place: Place) -> None:
    asker = place.lua(
        "asker",
        """
        local function main(dest)
          local oks = process.listen("ok")
          process.send(dest, "question", 42)
          return (oks:receive())
        end
        """,
    )
    async with place.node() as node:
        pid = await spawned(node, "app:hand")
        assert await node.update(pid, "question", 42) == ["question", 42]
        assert await node.wait(pid, timeout=20) == ["Invalid", "Invalid", "NotFound"]
        actor = await node.spawn("app:hand", host=ACTORS)
        assert await node.exec(asker, host=ACTORS, args=[actor], timeout=20) == 1, "plain messages for an actor"
        with pytest.raises(Error, match="no durable host"):
            await node.update(await node.spawn("app:hand", host=ACTORS), "question")


@pytest.mark.parametrize("update_id", ["{local@app:flows|one}", "x" * 201, "a|b"])
async def test_an_update_needs_an_id_that_is_no_pid(place: Place, update_id: str) -> None:
    async with place.node() as node:
        await spawned(node, "app:lua")
        with pytest.raises(Error, match="update: got the id"):
            await node.update("one", "add", 1, id=update_id)
