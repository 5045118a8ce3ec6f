"""Where forks begin: at steps that run code of the script, and of runs that have waited with their first steps."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from actorflow.errors import Error
from actorflow.node.node import Node
from tests.conformance.hosts.place import FLOWS, Place

LUA = """
local function main()
  local first = workflow.step("first", function() return "code" end)
  local a = workflow.step("a", "app:do", "a")
  local b = workflow.step("b", function() return "b of " .. a end)
  local c = workflow.step("c", function()
    return funcs.call("app:do", "c1") .. funcs.call("app:do", "c2")
  end)
  if b == "other" then workflow.sleep("nap", "1ms") end
  local d = workflow.step("d", "app:do", "d")
  return {first, a, b, c, d}
end
"""
PYTHON = """
from actorflow.script import funcs, workflow

async def main():
    first = await workflow.step("first", lambda: "code")
    a = await workflow.step("a", "app:do", "a")
    b = await workflow.step("b", lambda: "b of " + a)

    async def both():
        return await funcs.call("app:do", "c1") + await funcs.call("app:do", "c2")

    c = await workflow.step("c", both)
    if b == "other":
        await workflow.sleep("nap", "1ms")
    d = await workflow.step("d", "app:do", "d")
    return [first, a, b, c, d]
"""
BRANCH = """
local function main()
  local a = workflow.step("a", "app:do", "a")
  local b = workflow.step("b", function() return "b" end)
  if b == "other" then workflow.sleep("nap", "1ms") end
  return {a, b, (workflow.step("c", "app:do", "c"))}
end
"""
DO = """
def main(what):
    with open("CALLS", "a") as file:
        file.write(what + " ")
    return what
"""
PLAIN = ["code", "a", "b of a", "c1c2", "d"]


class Calls:
    """The calls that were made, forgotten when they are read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> list[str]:
        made = self.path.read_text().split() if self.path.exists() else []
        self.path.unlink(missing_ok=True)
        return made


@pytest.fixture
def calls(tmp_path: Path) -> Calls:
    return Calls(tmp_path / "calls")


@pytest.fixture
def place(tmp_path: Path, calls: Calls) -> Place:
    made = Place(tmp_path)
    made.lua("lua", LUA)
    made.python("py", PYTHON)
    made.lua("branch", BRANCH)
    made.python("do", DO.replace("CALLS", str(calls.path)), "function")
    return made


async def ended(node: Node, calls: Calls, entry: str, options: Mapping[str, Any] | None = None) -> Any:
    pid = await node.spawn(entry, host=FLOWS, options={"workflow.id": "one", **(options or {})})
    result = await node.wait(pid, timeout=20)
    calls.read()
    return result


CASES: list[tuple[str, dict[str, Any], list[str], list[str]]] = [
    ("b", {}, ["c1", "c2", "d"], PLAIN),
    ("b", {"a": "edited"}, ["c1", "c2", "d"], ["code", "edited", "b of edited", "c1c2", "d"]),
    ("b", {"b": "mine"}, ["c1", "c2", "d"], ["code", "a", "mine", "c1c2", "d"]),
    ("c", {"a": "edited", "first": "mine"}, ["c1", "c2", "d"], ["mine", "edited", "b of edited", "c1c2", "d"]),
    ("a", {"a": "mine"}, ["c1", "c2", "d"], ["code", "mine", "b of mine", "c1c2", "d"]),
    ("first", {}, ["a", "c1", "c2", "d"], PLAIN),
    ("d", {}, ["d"], PLAIN),
]


@pytest.mark.parametrize("language", ["lua", "py"])
async def test_a_fork_at_a_step_of_code_repeats_no_call_before_it(place: Place, calls: Calls, language: str) -> None:
    async with place.node() as node:
        assert await ended(node, calls, f"app:{language}") == PLAIN
        for since, results, made, result in CASES:
            fork = await node.fork("one", since=since, results=results)
            assert await node.wait(fork["pid"], timeout=20) == result, since
            assert calls.read() == made, since


@pytest.mark.parametrize("options", [{"workflow.start_delay": 1}, {"workflow.lock_key": "k"}])
async def test_a_fork_of_a_run_that_waited_at_first_keeps_its_steps(
    place: Place, calls: Calls, options: dict[str, Any]
) -> None:
    async with place.node() as node:
        assert await ended(node, calls, "app:lua", options) == PLAIN
        for since, made in (("d", ["d"]), ("first", ["a", "c1", "c2", "d"])):
            fork = await node.fork("one", since=since)
            assert await node.wait(fork["pid"], timeout=20) == PLAIN
            assert calls.read() == made
    async with place.node() as node:
        assert (await node.runs.show("one/fork-1"))["state"] == "completed", "the forks are whole"


@pytest.mark.parametrize(
    ("since", "results", "said"),
    [
        ("b", {"c": 1}, "result of 'c': the fork begins before that"),
        ("a", {"d": 1}, "result of 'd': the fork begins before that"),
        ("c", {"b": "other"}, "result of 'b': with that the script does something else"),
    ],
)
async def test_a_result_that_would_be_lost_is_refused(
    place: Place, calls: Calls, since: str, results: dict[str, Any], said: str
) -> None:
    async with place.node() as node:
        await ended(node, calls, "app:branch" if since == "c" else "app:lua")
        with pytest.raises(Error, match=said) as caught:
            await node.fork("one", since=since, results=results)
        assert caught.value.kind == "Invalid"
        assert calls.read() == []
