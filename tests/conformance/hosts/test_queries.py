"""Queries of durable runs: what they see, that they leave no trace, and what they are refused."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from actorflow.errors import Error
from actorflow.node.node import Node
from actorflow.store.port import Reader
from tests.conformance.hosts.place import ACTORS, FLOWS, Place, waiting_for

LUA = """
local function main()
  local items, count = {}, 0
  workflow.set_query("items", function(from) return {table.unpack(items, from or 1)} end)
  workflow.set_query{
    bump = function() count = count + 1; return count end,
    sleeps = function() return time.sleep("1s") end,
    calls = function() return funcs.call("app:nothing") end,
    sends = function() return process.send(process.pid(), "topic") end,
    draws = function() return uuid.v4() end,
    spawns = function() return coroutine.spawn(function() end) end,
    opens = function() return process.listen("more") end,
    fails = function() error("no such thing") end,
    clock = function() return time.now():unix() > 0 end,
  }
  for message in process.inbox():iter() do
    items[#items + 1] = message:payload():data()
    if #items == 3 then return items end
  end
end
"""
PYTHON = """
from actorflow.script import funcs, process, time, uuid, workflow

async def main():
    items, count = [], [0]

    def bump():
        count[0] += 1
        return count[0]

    def fails():
        raise ValueError("no such thing")

    async def sleeps():
        await time.sleep(1)

    async def calls():
        await funcs.call("app:nothing")

    async def sends():
        await process.send(process.pid(), "topic")

    async def spawns():
        await process.start(sleeps)

    workflow.set_query("items", lambda start=1: items[start - 1:])
    workflow.set_query({
        "bump": bump, "fails": fails, "sleeps": sleeps, "calls": calls, "sends": sends, "spawns": spawns,
        "draws": lambda: uuid.v4(), "opens": lambda: process.listen("more"), "clock": lambda: time.now_ns() > 0,
    })
    async for message in process.inbox():
        items.append(message.payload)
        if len(items) == 3:
            return items
"""
ENTRIES = ["app:lua", "app:py"]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    made.lua("lua", LUA)
    made.python("py", PYTHON)
    return made


def journal_of(store: Reader, pid: str) -> list[Any]:
    row = store.find(pid[1:-1].partition("|")[2])
    assert row is not None
    return [row.revision, *store.journal(row.run)]


async def journal(node: Node, pid: str) -> list[Any]:
    host: Any = node.hosts[FLOWS]
    found: list[Any] = await host.engine.writer.read(lambda store: journal_of(store, pid))
    return found


@pytest.mark.parametrize("entry", ENTRIES)
async def test_a_query_reads_what_the_script_knows_and_leaves_no_trace(place: Place, entry: str) -> None:
    async with place.node() as node:
        pid = await node.spawn(entry, host=FLOWS)
        await node.send(pid, "add", "a")
        await node.send(pid, "add", "b")
        await waiting_for(node, pid)
        before = await journal(node, pid)
        assert await node.query(pid, "items") == ["a", "b"]
        assert await node.query(pid, "items", 2) == ["b"]
        assert [await node.query(pid, "bump") for _ in range(3)] == [1, 1, 1], "what a query assigns is lost"
        assert await node.query(pid, "clock") is True
        assert await journal(node, pid) == before
    async with place.node() as node:  # parked now
        assert await node.query(pid, "items") == ["a", "b"]
        await node.send(pid, "add", "c")
        assert await node.wait(pid, timeout=20) == ["a", "b", "c"]
        assert await node.query(pid, "items") == ["a", "b", "c"], "of a finished run"
        assert await node.query(pid[1:-1].partition("|")[2], "items", 3) == ["c"], "by its workflow id"


@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize("name", ["sleeps", "calls", "sends", "draws", "spawns", "opens"])
async def test_a_query_can_neither_wait_nor_change_anything(place: Place, entry: str, name: str) -> None:
    async with place.node() as node:
        pid = await node.spawn(entry, host=FLOWS)
        before = await journal(node, pid)
        with pytest.raises(Error, match="cannot wait or change anything") as caught:
            await node.query(pid, name)
        assert caught.value.kind == "Invalid"
        assert await journal(node, pid) == before


@pytest.mark.parametrize("entry", ENTRIES)
async def test_what_goes_wrong_with_a_query_is_its_answer(place: Place, entry: str) -> None:
    async with place.node() as node:
        pid = await node.spawn(entry, host=FLOWS)
        with pytest.raises(Error, match="no such thing"):
            await node.query(pid, "fails")
        with pytest.raises(Error, match=r"did you mean .items..*there are: bump") as unknown:
            await node.query(pid, "item")
        assert unknown.value.kind == "NotFound"
        with pytest.raises(Error, match="no run"):
            await node.query("nobody", "items")
        actor = await node.spawn(entry, host=ACTORS)
        with pytest.raises(Error, match="no durable host"):
            await node.query(actor, "items")


@pytest.mark.parametrize("entry", ENTRIES)
async def test_the_engine_answers_some_queries_itself(place: Place, entry: str) -> None:
    async with place.node() as node:
        pid = await node.spawn(entry, host=FLOWS, options={"workflow.id": "one"})
        await node.send(pid, "add", "a")
        await waiting_for(node, pid)
        assert await node.query(pid, "pid") == pid
        state: Any = await node.query(pid, "state")
        assert state["state"] == "waiting"
        assert await node.query(pid, "seq") == 2
        (where,) = await node.query(pid, "where")  # type: ignore[misc, union-attr]
        assert where.startswith(str(place.path / f"{entry[4:]}."))
        assert "topic @pid/inbox" in str(await node.query(pid, "waits"))
        assert await node.query(pid, "inbox") == []


async def test_a_query_that_computes_for_ever_ends_and_its_run_goes_on(place: Place) -> None:
    endless = place.lua(
        "endless",
        """
        local function main()
          workflow.set_query("endless", function() while true do end end)
          return process.inbox():receive():topic()
        end
        """,
        limits={"slice": {"warn": "5ms", "kill": "50ms"}},
    )
    async with place.node() as node:
        pid = await node.spawn(endless, host=FLOWS)
        with pytest.raises(Error) as caught:
            await node.query(pid, "endless")
        assert caught.value.kind == "Resource"
        await node.send(pid, "go")
        assert await node.wait(pid, timeout=20) == "go"


@pytest.mark.parametrize("set_query", ["'pid', print", "'', print", "'name', 5", "5, print"])
async def test_a_query_needs_a_name_of_its_own_and_a_function(place: Place, set_query: str) -> None:
    main = place.lua(
        "main", f"local function main() local _, err = workflow.set_query({set_query}) return err:kind() end"
    )
    async with place.node() as node:
        assert await node.exec(main, host=FLOWS, timeout=20) == "Invalid"


@pytest.mark.parametrize("entry", ENTRIES)
async def test_a_run_that_is_queried_at_every_point_does_what_one_that_is_not_does(place: Place, entry: str) -> None:
    journals = []
    async with place.node() as node:
        for asked in ((), ("items", "bump", "calls", "draws", "opens", "where", "inbox", "nothing")):
            pid = await node.spawn(entry, host=FLOWS)
            for payload in ("a", "b", "c"):
                for name in asked:
                    with suppress(Error):
                        await node.query(pid, name)
                await node.send(pid, "add", payload)
            await node.wait(pid, timeout=20)
            _, first, *events = await journal(node, pid)
            journals.append([(first.kind, first.drawn), *((event[:5], event.drawn) for event in events)])
    assert journals[0] == journals[1]
