"""Signals of durable runs: in order per sender, none lost, none twice, over restarts, pauses and evictions."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import trio

from actorflow.codec import encode
from actorflow.errors import Error
from actorflow.node.node import Node
from actorflow.node.waiting import Answer
from actorflow.ports import Outcome
from actorflow.run.event import MESSAGE_RECEIVED
from actorflow.run.turn import Delivery
from actorflow.store.control import asking
from actorflow.store.dialect import Sqlite
from actorflow.store.sql import SqlStore
from hosts.workflow import turning
from tests.conformance.hosts.place import ACTORS, FLOWS, Place, waiting_for

EACH = 20
LUA = """
local function main(total)
  local seen, inbox = {}, process.inbox()
  for i = 1, total do
    local got = inbox:receive():payload():data()
    seen[i] = got[1] .. " " .. got[2]
  end
  return seen
end
"""
PYTHON = """
from actorflow.script import process

async def main(total):
    seen = []
    async for message in process.inbox():
        seen.append(f"{message.payload[0]} {message.payload[1]}")
        if len(seen) == total:
            return seen
"""
SENDER = """
local function main(dest, name, from, to)
  for i = from, to do assert(process.send(dest, "signal", {name, i})) end
end
"""
ENTRIES = ["app:lua", "app:py"]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path, {"cache": {"runs": 1}})
    made.lua("lua", LUA)
    made.python("py", PYTHON)
    made.lua("sender", SENDER)
    return made


async def send_all(node: Node, dest: str, part: int) -> None:
    """Send from an application, an actor and another run at the same time: each its numbers of this part, in order."""
    first, last = part * EACH + 1, (part + 1) * EACH
    async with trio.open_nursery() as nursery:
        for name, host in (("actor", ACTORS), ("flow", FLOWS)):
            nursery.start_soon(node_exec, node, host, [dest, name, first, last])
        for number in range(first, last + 1):
            await node.send(dest, "signal", ["application", number])


async def node_exec(node: Node, host: str, args: list[Any]) -> None:
    await node.exec("app:sender", host=host, args=args, timeout=30)


async def change(node: Node, verb: str, workflow_id: str) -> None:
    host: Any = node.hosts[FLOWS]
    told = Answer[Any]()
    asked = asking(verb, at=node.clock.now(), workflow_id=workflow_id)
    host.engine.control.change(asked, lambda answer: told(Outcome(answer)))
    assert (await told.wait()).accepted


@pytest.mark.parametrize("entry", ENTRIES)
async def test_signals_come_in_order_and_once_whatever_happens_to_the_run(place: Place, entry: str) -> None:
    async with place.node() as node:
        dest = await node.spawn(entry, host=FLOWS, args=[9 * EACH], options={"workflow.id": "one"})
        await send_all(node, dest, 0)
        await change(node, "pause", "one")
        await send_all(node, dest, 1)
        await change(node, "resume", "one")
    async with place.node() as node:
        await send_all(node, dest, 2)
        seen: Any = await node.wait(dest, timeout=30)
    for name in ("application", "actor", "flow"):
        numbers = [int(item.split()[1]) for item in seen if item.startswith(f"{name} ")]
        assert numbers == list(range(1, 3 * EACH + 1)), name


async def test_what_is_too_much_for_one_turn_waits_for_the_next(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turning, "MOST_FACTS", 10)
    async with place.node() as node:
        dest = await node.spawn("app:lua", host=FLOWS, args=[35], options={"workflow.id": "one"})
        await waiting_for(node, dest)
    payloads = [encode(["", [["other", number]]]) for number in range(35)]
    with closing(SqlStore(Sqlite(place.path / ".actorflow" / "runs.db"))) as store:
        store.commit([Delivery("one", MESSAGE_RECEIVED, "signal", "", payload) for payload in payloads])
    async with place.node() as node:
        assert await node.wait(dest, timeout=30) == [f"other {number}" for number in range(35)]
    (notice, *_) = [notice for notice in place.notices if notice.code == "run-flooded"]
    assert "35 signals and results wait" in notice.text


async def test_a_workflow_is_reached_by_its_id_and_key(place: Place) -> None:
    async with place.node() as node:
        options = {"workflow.id": "app:lua/7"}
        await node.spawn("app:lua", host=FLOWS, args=[2], options=options)
        await node.send("app:lua/7", "signal", ["application", 1])
        await node.exec("app:sender", host=FLOWS, args=["app:lua/7", "flow", 1, 1], timeout=20)
        assert sorted(await node.wait("app:lua/7", timeout=20)) == ["application 1", "flow 1"]  # type: ignore[arg-type]
        assert len(await node.wait("app:lua/7", timeout=20)) == 2, "it has ended"  # type: ignore[arg-type]
        with pytest.raises(Error, match="no open workflow"):
            await node.send("app:lua/7", "signal")
        with pytest.raises(Error, match="could not resolve"):
            await node.send("app:lua/8", "signal")
