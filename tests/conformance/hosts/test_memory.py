"""What one process may hold: who goes beyond it ends with Resource, its neighbours and its senders live."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from actorflow.errors import RESOURCE, Error
from actorflow.language.lua.runtime import RuntimeLimits
from hosts.process.crowding import weight_of
from tests.conformance.hosts.place import ACTORS, Place

LIMITS = {"limits": {"memory": {"warn": "256KiB", "kill": "1MiB"}}}
IDLE = {
    "lua": "local function main() channel.new():receive() end",
    "python": "from actorflow.script import channel\nasync def main():\n    await channel.new().receive()\n",
}
FLOOD = """
local function main(pid, count, payload)
  for n = 1, count do
    if not process.send(pid, "work", payload) then return n end
    if n % 1000 == 0 then time.sleep("1ms") end
  end
  return count
end
"""
HOARD = """
local function main()
  all = {}
  local timer = time.ticker("1ms"):channel()
  while true do
    timer:receive()
    for _ = 1, 1000 do all[#all + 1] = {} end
  end
end
"""


def languages(place: Place, language: str, name: str, source: dict[str, str], **fields: object) -> str:
    return (place.lua if language == "lua" else place.python)(name, source[language], **fields)


@pytest.mark.parametrize("payload", [7, "x" * 3000, {"a": [1, 2, 3]}])
@pytest.mark.parametrize("language", ["lua", "python"])
async def test_unread_messages_are_held_to_the_limit(tmp_path: Path, language: str, payload: object) -> None:
    place = Place(tmp_path)
    idle = languages(place, language, "idle", IDLE, **LIMITS)
    flood = place.lua("flood", FLOOD)
    async with place.node() as node:
        full, neighbour = await node.spawn(idle, host=ACTORS), await node.spawn(idle, host=ACTORS)
        sent = await node.exec(flood, host=ACTORS, args=[full, 60_000, payload], timeout=30)
        assert sent < 60_000, "it was never refused"
        assert sent > (1 << 20) / weight_of((payload,)) / 4
        with pytest.raises(Error, match=r"unread messages hold more memory than limits\.memory\.kill allows") as ended:
            await node.wait(full, timeout=30)
        assert ended.value.kind == RESOURCE
        assert [info.pid for info in node.processes()] == [neighbour]


@pytest.mark.parametrize("written", ["entry", "host"])
async def test_a_shared_heap_is_held_to_the_limit(tmp_path: Path, written: str) -> None:
    place = Place(tmp_path)
    hoard = place.lua("hoard", HOARD, **(LIMITS if written == "entry" else {}))
    place.entries["actors"].update(LIMITS if written == "host" else {})
    async with place.node() as node:
        pid = await node.spawn(hoard, host=ACTORS)
        with pytest.raises(Error, match=r"holds more memory than limits\.memory\.kill allows \(1 MiB\)") as ended:
            await node.wait(pid, timeout=20)
        assert ended.value.kind == RESOURCE
    assert {notice.code for notice in place.notices} >= {"memory-large"}


async def test_what_a_weak_table_names_has_its_weight(tmp_path: Path) -> None:
    place = Place(tmp_path)
    weak = "all = setmetatable({}, {}); getmetatable(all).__mode = 'k'"
    hoard = place.lua("hoard", HOARD.replace("all = {}", weak), **LIMITS)
    async with place.node() as node:
        pid = await node.spawn(hoard, host=ACTORS)
        with pytest.raises(Error, match=r"holds more memory than limits\.memory\.kill allows \(1 MiB\)"):
            await node.wait(pid, timeout=20)


async def test_a_mailbox_that_empties_is_weighed_from_the_start_again(tmp_path: Path) -> None:
    place = Place(tmp_path)
    source = """
    local function main(count)
      local inbox = process.inbox()
      for _ = 1, count do inbox:receive() end
      channel.new():receive()
    end
    """
    sink = place.lua("sink", source, limits={"memory": {"kill": "4MiB"}})
    flood = place.lua("flood", FLOOD)
    async with place.node() as node:
        pid = await node.spawn(sink, host=ACTORS, args=[3000])
        assert await node.exec(flood, host=ACTORS, args=[pid, 3000, 1], timeout=30) == 3000
        assert await node.exec(flood, host=ACTORS, args=[pid, 3000, "x" * 50_000], timeout=30) < 400


@pytest.mark.parametrize(
    ("value", "least"), [(b"x" * 1000, 1000), ("ä" * 500, 500), ([1] * 100, 800), ({"a": {"b": 1}}, 200)]
)
def test_a_value_weighs_about_what_it_takes(value: object, least: int) -> None:
    assert least <= weight_of(value) <= least * 10


async def test_an_idle_process_that_holds_most_of_a_full_heap_ends(tmp_path: Path) -> None:
    place = Place(tmp_path)
    holder = """
    local function main(count)
      local all = {}
      for i = 1, count do all[i] = {i} end
      if count > 300000 then process.inbox():receive() end
      return #all
    end
    """
    slices = {"limits": {"slice": {"kill": "3s"}}}
    hold = place.lua("hold", holder, **slices)
    async with place.node() as node:
        lua: Any = node.programs._languages["lua"]  # noqa: SLF001 - see below
        lua._limits = RuntimeLimits(memory=64 << 20)  # noqa: SLF001 - a small heap is full sooner
        idle = await node.spawn(hold, host=ACTORS, args=[500_000])
        assert await node.exec(hold, host=ACTORS, args=[290_000], timeout=30) == 290_000
        with pytest.raises(Error, match="app:hold: holds most of a memory that is full") as ended:
            await node.wait(idle, timeout=30)
        assert ended.value.kind == RESOURCE
