"""Who monitors and links the same process: what it hears of a good end, and of a bad one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.hosts.place import ACTORS, HOSTS, Place

WATCHER = """
local function main(host, how, expected)
  process.set_options({trap_links = true})
  local events, seen = process.events(), {}
  for _, way in ipairs({how, "last"}) do
    local pid = process.spawn("app:kid", host, way)
    process.monitor(pid)
    process.link(pid)
    process.send(pid, "go")
    for _ = 1, way == "last" and 1 or expected do
      local event = events:receive()
      seen[#seen + 1] = event.type .. " " .. tostring(event.result.value)
    end
  end
  return seen
end
"""
KID = """
local function main(how)
  process.inbox():receive()
  if how == "fail" then error("no") end
  return how
end
"""


@pytest.mark.parametrize("host", HOSTS)
async def test_who_monitors_and_links_hears_one_exit_and_of_a_failure_the_link_too(tmp_path: Path, host: str) -> None:
    place = Place(tmp_path)
    place.lua("watcher", WATCHER)
    place.lua("kid", KID)
    async with place.node() as node:
        for how, expected in (("ok", ["EXIT ok"]), ("fail", ["EXIT nil", "LINK_DOWN nil"])):
            args = [host, how, len(expected)]
            seen = await node.exec("app:watcher", host=ACTORS, args=args, timeout=20)
            assert seen == [*expected, "EXIT last"], "and nothing besides, or it would be heard before the last one"
