"""Runs of an earlier boot reach for actors that this boot has not started yet."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.hosts.place import FLOWS, Place, waiting_for

CLERK = """
local function main()
  time.sleep("150ms")
  process.registry.register("clerk")
  local inbox = process.inbox()
  while true do
    local message = inbox:receive()
    process.send(message:from(), "stamped", message:payload():data() .. "!")
  end
end
"""
RUN = """
local function main(name)
  local stamped = process.listen("stamped")
  funcs.call("app:gate")
  local ok, problem = process.send(name, "stamp", "paper")
  if not ok then return tostring(problem) end
  return (stamped:receive())
end
"""
GATE = """
import os
import trio

async def main():
    while not os.path.exists({0!r}):
        await trio.sleep(0.005)
"""


@pytest.mark.parametrize(("name", "result"), [("clerk", "paper!"), ("nobody", "could not resolve")])
async def test_a_recovered_run_reaches_who_starts_with_the_node(tmp_path: Path, name: str, result: str) -> None:
    place = Place(tmp_path)
    clerk, run, open_ = place.lua("clerk", CLERK), place.lua("run", RUN), tmp_path / "open"
    place.python("gate", GATE.format(str(open_)), kind="function")
    place.entries["flows"]["lifecycle"] = {"auto_start": True, "stop_timeout": "10ms"}
    place.entries["desk"] = {
        "kind": "process.service",
        "process": clerk,
        "host": "app:actors",
        "lifecycle": {"auto_start": True},
    }
    async with place.node() as node:
        pid = await node.spawn(run, host=FLOWS, args=[name])
        await waiting_for(node, pid)
    open_.touch()
    place.entries["late"] = {"kind": "process.host", "lifecycle": {"auto_start": True}}
    async with place.node() as node:
        assert result in await node.wait(pid, timeout=30)
