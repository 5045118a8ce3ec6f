"""Random programs of steps, parallel and map: both languages compute what a plain evaluation does, and replay the same."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actorflow.notice import Notice
from tests.conformance.hosts.place import FLOWS, Place, waiting_for

DOUBLE: Final = "def main(x):\n    return x * 2\n"
LUA: Final = """
local run

local function each(list)
  local functions = {}
  for i, part in ipairs(list) do functions[i] = function() return run(part) end end
  return functions
end

function run(node)
  local kind = node[1]
  if kind == "value" then return workflow.step("value", function() return node[2] end) end
  if kind == "call" then return workflow.step("call", "app:double", node[2]) end
  if kind == "draw" then return workflow.step("draw", function() return #uuid.v4() end) end
  if kind == "sleep" then workflow.sleep("sleep", node[2] .. "ms") return node[2] end
  if kind == "nested" then return workflow.step("nested", function() return {run(node[2])} end) end
  if kind == "fail" then
    local ok = pcall(workflow.step, "fail", function() error("on purpose") end)
    return ok
  end
  if kind == "parallel" then return workflow.parallel(each(node[2]), {limit = node[3]}) end
  return workflow.map("map", node[2], run, {limit = node[3]})
end

local function main(program)
  local result = run(program)
  process.inbox():receive()
  return {result}
end
"""
PYTHON: Final = """
from actorflow.script import process, uuid, workflow
from actorflow.script.errors import Error

def fail():
    raise ValueError("on purpose")

async def run(node, place=0):
    kind = node[0]
    if kind == "value":
        return await workflow.step("value", lambda: node[1])
    if kind == "call":
        return await workflow.step("call", "app:double", node[1])
    if kind == "draw":
        return await workflow.step("draw", lambda: len(uuid.v4()))
    if kind == "sleep":
        await workflow.sleep("sleep", f"{node[1]}ms")
        return node[1]
    if kind == "nested":
        async def nested():
            return [await run(node[1])]
        return await workflow.step("nested", nested)
    if kind == "fail":
        try:
            await workflow.step("fail", fail)
        except Error:
            return False
    if kind == "parallel":
        return await workflow.parallel([run(part) for part in node[1]], limit=node[2])
    return await workflow.map("map", node[1], run, limit=node[2])

async def main(program):
    result = await run(program)
    await process.inbox().receive()
    return [result]
"""
LEAVES: Final = st.one_of(
    st.tuples(st.just("value"), st.integers(0, 9)),
    st.tuples(st.just("call"), st.integers(0, 9)),
    st.tuples(st.just("draw")),
    st.tuples(st.just("sleep"), st.integers(1, 4)),
    st.tuples(st.just("fail")),
)


def several(parts: Any) -> Any:
    lists = st.lists(parts, min_size=1, max_size=3)
    return st.one_of(
        st.tuples(st.just("nested"), parts),
        st.tuples(st.sampled_from(["parallel", "map"]), lists, st.integers(1, 3)),
    )


PROGRAMS: Final = st.lists(st.recursive(LEAVES, several, max_leaves=8), min_size=4, max_size=12)


def expected(node: Any) -> Any:
    kind = node[0]
    if kind in {"parallel", "map"}:
        return [expected(part) for part in node[1]]
    if kind == "nested":
        return [expected(node[1])]
    return {"call": lambda: node[1] * 2, "draw": lambda: 36, "fail": lambda: False}.get(kind, lambda: node[1])()


def plain(node: Any) -> Any:
    return [plain(part) for part in node] if isinstance(node, tuple | list) else node


async def lives(path: Path, programs: list[Any]) -> tuple[list[Any], list[Notice]]:
    """Run all up to their last line, restart, and return their results."""
    place = Place(path)
    place.python("double", DOUBLE, "function")
    entries = (place.lua("lua", LUA), place.python("py", PYTHON))
    pids = []
    async with place.node() as node:
        for entry, program in product(entries, programs):
            pids.append(await node.spawn(entry, host=FLOWS, args=[plain(program)]))
        for pid in pids:
            await until_last_line(node, pid)
    async with place.node() as node:
        for pid in pids:
            await node.send(pid, "go")
        return [(await node.wait(pid, timeout=20))[0] for pid in pids], place.notices


async def until_last_line(node: Any, pid: str) -> None:
    while True:
        await waiting_for(node, pid)
        if any("inbox" in wait for info in node.processes() if info.pid == pid for wait in info.waits):
            return
        await trio.sleep(0.005)


@given(PROGRAMS)
@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
def test_random_programs_replay_equal(programs: list[Any]) -> None:
    with TemporaryDirectory() as directory:
        results, notices = trio.run(lives, Path(directory), programs)
    assert results == [expected(program) for program in programs] * 2
    assert notices == []
