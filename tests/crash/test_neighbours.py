"""Scripts that loop, eat memory, flood and nest without end: each ends by itself, its neighbours as if it had not been there."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from actorflow.errors import INVALID, RESOURCE, Error
from actorflow.node.node import Node
from actorflow.store.dialect import Sqlite
from actorflow.testing.invariant import Ledger
from tests.conformance.hosts.place import FLOWS, HOSTS, Place
from tests.crash.rig import laws_of

VICTIM: Final = """
from actorflow.script import funcs, process, time

async def main(number):
    got = []
    for step in range(4):
        got.append(await funcs.call("app:double", number + step))
        await time.sleep("5ms")
    return [*got, (await process.inbox().receive()).payload]
"""
LUA: Final = {
    "loop": "while true do end",
    "loop that catches": "while true do pcall(function() while true do end end) end",
    "loop in a coroutine": "coroutine.wrap(function() while true do end end)()",
    "loop in a metamethod": "local t = setmetatable({}, {__index = function() while true do end end}) return t.x",
    "loop in a sort": "local t = {} for i = 1, 1000 do t[i] = i end table.sort(t, function() while true do end end)",
    "search without end": 'return string.find(string.rep("a", 5000), string.rep("a*", 20) .. "b")',
    "replacement without end": 'return string.gsub(string.rep("a", 5000), string.rep("a?", 200) .. string.rep("a", 5000) .. "b", "")',
    "table bomb": "local t = {} while true do t[#t + 1] = {#t} end",
    "text bomb": 'local s = "x" while true do s = s .. s end',
    "endless recursion": "local function f() return 1 + f() end return f()",
}
PYTHON: Final = {
    "loop": "while True:\n        pass",
    "loop that catches": "while True:\n        try:\n            while True:\n                pass\n        except Exception:\n            pass",
    "search without end": "number = 0\n    while number >= 0:\n        number = sum(n * n for n in range(1000))",
    "endless recursion": "def f():\n        return 1 + f()\n    return f()",
}
REFUSED: Final = {
    "a giant value": 'return "x" * 100_000_000',
    "a deep value": "value = []\n    for _ in range(10_000):\n        value = [value]\n    return value",
    "a value in itself": "value = []\n    value.append(value)\n    return value",
}
KINDS: Final = {"search without end", "replacement without end", "endless recursion"}
"""What may also end as an error of the script's own."""
VICTIMS: Final = 6


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    made.python("double", "def main(x):\n    return 2 * x\n", "function")
    made.python("victim", VICTIM)
    return made


async def around(place: Place, attacks: dict[str, str]) -> dict[str, Error]:
    """Run each attack on both hosts while others work; see that these end well, and return how the attacks ended."""
    ends: dict[str, Error] = {}
    async with place.node() as node:
        victims = {
            (host, number): await node.spawn("app:victim", host=host, args=[number], options=_named(host, number))
            for host in HOSTS
            for number in range(VICTIMS)
        }
        for entry, attack in attacks.items():
            for host in HOSTS:
                ends[f"{attack} on {host}"] = await _end(node, entry, host)
        for (_, number), pid in victims.items():
            await node.send(pid, "go", "on")
            assert await node.wait(pid, timeout=90) == [*(2 * (number + step) for step in range(4)), "on"]
    names = [f"victim {number}" for number in range(VICTIMS)]
    laws_of(Sqlite(place.path / ".actorflow" / "runs.db"), Ledger(names, names))
    return ends


def _named(host: str, number: int) -> dict[str, str]:
    return {"workflow.id": f"victim {number}"} if host == FLOWS else {}


async def _end(node: Node, entry: str, host: str) -> Error:
    with pytest.raises(Error) as caught:
        await node.exec(entry, host=host, timeout=90)
    return caught.value


@pytest.mark.slow
async def test_lua_that_never_ends_or_eats_memory_ends_alone(place: Place) -> None:
    attacks = {
        place.lua(f"l{at}", f"local function main() {body} end"): name for at, (name, body) in enumerate(LUA.items())
    }
    for name, error in (await around(place, attacks)).items():
        assert error.kind == RESOURCE or name.partition(" on ")[0] in KINDS, f"{name}: {error}"
        assert error.kind != "Timeout", f"{name}: {error}"


@pytest.mark.slow
async def test_python_that_never_ends_ends_alone(place: Place) -> None:
    attacks = {
        place.python(f"p{at}", f"async def main():\n    {body}\n"): name
        for at, (name, body) in enumerate(PYTHON.items())
    }
    for name, error in (await around(place, attacks)).items():
        assert error.kind == RESOURCE or name.partition(" on ")[0] in KINDS, f"{name}: {error}"
        assert error.kind != "Timeout", f"{name}: {error}"


async def test_values_that_may_not_cross_are_refused_and_nothing_else_happens(place: Place) -> None:
    attacks = {
        place.python(f"r{at}", f"async def main():\n    {body}\n"): name
        for at, (name, body) in enumerate(REFUSED.items())
    }
    for name, error in (await around(place, attacks)).items():
        assert error.kind == INVALID, f"{name}: {error}"
