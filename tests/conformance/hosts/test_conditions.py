"""Conditions: `workflow.wait_until` in both languages, on both kinds of host."""

from __future__ import annotations

from pathlib import Path

import pytest

from actorflow.run import event as events
from actorflow.store.port import Reader
from tests.conformance.hosts.place import HOSTS, Place, same, waiting_for

LUA = """
local function main(limit)
  local total = 0
  coroutine.spawn(function()
    for message in process.inbox():iter() do total = total + message:payload():data() end
  end)
  return {workflow.wait_until("enough", function() return total >= 3 end, limit and {timeout = limit}), total}
end
"""
PYTHON = """
from actorflow.script import process, workflow

async def main(limit=None):
    seen = []

    async def collect():
        async for message in process.inbox():
            seen.append(message.payload)

    await process.start(collect)
    came = await workflow.wait_until("enough", lambda: sum(seen) >= 3, timeout=limit and limit / 1000)
    return [came, sum(seen)]
"""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    made.lua("lua", LUA)
    made.python("py", PYTHON)
    return made


@pytest.mark.parametrize("entry", ["app:lua", "app:py"])
@pytest.mark.parametrize("host", HOSTS)
async def test_a_condition_is_looked_at_when_something_has_happened(place: Place, entry: str, host: str) -> None:
    async with place.node() as node:
        pid = await node.spawn(entry, host=host)
        for number in (1, 1, 1):
            await node.send(pid, "add", number)
        assert await node.wait(pid, timeout=20) == [True, 3]


async def test_a_condition_gives_up_in_time(place: Place) -> None:
    assert await same(place, ("app:lua", "app:py"), 5) == [False, 0]


@pytest.mark.parametrize("entry", ["app:lua", "app:py"])
async def test_a_condition_outlives_its_node_and_polls_nothing(place: Place, entry: str) -> None:
    async with place.node() as node:
        pid = await node.spawn(entry, host="app:flows")
        await node.send(pid, "add", 1)
        await waiting_for(node, pid)
    async with place.node() as node:
        assert "condition enough" in str(await node.query(pid, "waits"))
        await node.send(pid, "add", 2)
        assert await node.wait(pid, timeout=20) == [True, 3]
        kinds = await node.hosts["app:flows"].engine.writer.read(lambda store: kinds_of(store, pid))  # type: ignore[attr-defined]
    assert kinds == [events.RUN_STARTED, events.MESSAGE_RECEIVED, events.MESSAGE_RECEIVED, events.RUN_COMPLETED]


def kinds_of(store: Reader, pid: str) -> list[str]:
    row = store.find(pid[1:-1].partition("|")[2])
    assert row is not None
    return [event.kind for event in store.journal(row.run)]


FAILING = """
local function main()
  local looks = 0
  local ok, problem = pcall(workflow.wait_until, function()
    looks = looks + 1
    if looks == 3 then error("broken") end
  end, {every = 2, timeout = "1h"})
  time.sleep("20ms")
  return {ok, tostring(problem):match("broken"), looks}
end
"""
FAILING_PYTHON = """
from actorflow.script import time, workflow

async def main():
    looks = []

    def look():
        looks.append(1)
        if len(looks) == 3:
            raise ValueError("broken")

    try:
        await workflow.wait_until(look, every=0.002, timeout="1h")
    except ValueError as error:
        await time.sleep(0.02)
        return [False, str(error), len(looks)]
"""


async def test_a_condition_that_fails_leaves_no_timer_behind(place: Place) -> None:
    entries = (place.lua("failing", FAILING), place.python("failing_py", FAILING_PYTHON))
    assert await same(place, entries) == [False, "broken", 3]


async def test_a_condition_may_be_looked_at_by_the_clock(place: Place) -> None:
    counting = place.lua(
        "counting",
        """
        local function main()
          local looks = 0
          return {workflow.wait_until(function() looks = looks + 1 return looks == 4 end, {every = "1ms"}), looks}
        end
        """,
    )
    assert await same(place, (counting,)) == [True, 4]
