"""Maps that a Lua process hands over to another one of its runtime: nothing tells them from those that are encoded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from actorflow import app
from actorflow.errors import RESOURCE, Error
from hosts.process import posting

INDEX = """\
namespace: app
entries:
  - {name: actors, kind: process.host, lifecycle: {auto_start: true}}
  - {name: asker, kind: process.lua, source: file://asker.lua, method: main}
  - {name: narrow, kind: process.lua, source: file://narrow.lua, method: main, limits: {payload: 100}}
  - {name: sender, kind: process.lua, source: file://sender.lua, method: main}
  - {name: teller, kind: process.lua, source: file://teller.lua, method: main}
  - {name: keeper, kind: process.lua, source: file://keeper.lua, method: main}
  - {name: keeper_py, kind: process.py, source: file://keeper.py}
  - {name: hoarder, kind: process.lua, source: file://hoarder.lua, method: main, limits: {memory: 4MiB}}
  - {name: echo, kind: process.lua, source: file://echo.lua, method: main}
  - {name: old, kind: process.lua, source: file://old.lua, method: main}
  - {name: starter, kind: process.lua, source: file://starter.lua, method: main}
"""
ASKER = """\
-- Sends a map, changes its own, and returns what it has then, and what the other one has made of what it got.
return {main = function()
    local inbox = process.inbox()
    local map = setmetatable({text = "hello", id = 7, ok = true, ratio = 2.0, raw = "\\xff", ["\\xc3\\xa9"] = "x"},
        {__index = {hidden = 1}})
    process.send(inbox:receive():from(), "go", map)
    map.id = 8
    local answer = inbox:receive():payload():data()
    return {own = map, got = answer, kind = math.type(answer.ratio)}
end}
"""
TELLER = """\
local ways = {
    inbox = function(topic) return process.inbox():receive():payload():data() end,
    listen = function(topic) return (process.listen(topic):receive()) end,
    message = function(topic) return process.listen(topic, {message = true}):receive():payload():data() end,
    select = function(topic)
        return channel.select({process.inbox():case_receive(), channel.new():case_receive()}).value:payload():data()
    end,
}
return {main = function(asker, way)
    process.send(asker, "ready")
    local map = ways[way]("go")
    local keys = {}
    for key in pairs(map) do keys[#keys + 1] = key end
    map.keys = table.concat(keys, " ")
    map.hidden_too = map.hidden ~= nil or getmetatable(map) ~= nil
    process.send(asker, "got", map)
end}
"""
KEEPER = """\
return {main = function(count)
    local inbox, got = process.inbox(), {}
    for i = 1, count do got[i] = inbox:receive():payload():data() end
    return got
end}
"""
KEEPER_PY = """\
from actorflow.script import process


async def main(count):
    inbox = process.inbox()
    return [(await inbox.receive()).payload for _ in range(count)]
"""
NARROW = """\
return {main = function()
    local _, problem = process.send(process.inbox():receive():from(), "go", {text = string.rep("x", 200)})
    return problem:kind()
end}
"""
SENDER = """\
return {main = function(to)
    process.inbox() -- an op: until the first one nobody else has run
    local wide = {}
    for i = 1, 17 do wide["k" .. i] = i end
    for _, value in ipairs {
        {n = 1}, {}, {n = 1, nested = {1, 2}}, {1, 2, 3}, payload.array({}), {[5] = "x"}, wide, {text = string.rep("x", 2000)},
        {n = 2}, payload.new({n = 3}),
    } do process.send(to, "item", value) end
    for i = 1, 40 do process.send(to, "item", {number = i}) end
end}
"""
HOARDER = """\
return {main = function(echo)
    local inbox, kept = process.inbox(), {}
    for i = 1, 100000 do
        kept[i] = string.rep("x", 150) .. i
        process.send(echo, "go", {n = i})
        inbox:receive()
    end
    return #kept
end}
"""
OLD = """\
-- The message that comes after "start" is handed to another task, which does not run before the upgrade.
local function main(starter, way, heir)
    local start = process.listen("start")
    local inbox = way == "inbox" and process.inbox() or process.listen("go", {message = way == "message"})
    coroutine.spawn(function() inbox:receive() error("the old code has seen it") end)
    process.send(starter, "ready")
    start:receive()
    process.upgrade(heir, 1)
end
return {main = main}
"""
STARTER = """\
return {main = function()
    local old = process.inbox():receive():from()
    process.send(old, "start", 1)
    process.send(old, "go", {text = "hello", n = 7, raw = "\\xff", ["\\xc3\\xa9"] = 0.5})
end}
"""
ECHO = """\
return {main = function()
    local inbox = process.inbox()
    while true do process.send(inbox:receive():from(), "back") end
end}
"""


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    directory = tmp_path / "registry"
    directory.mkdir()
    scripts = {"asker.lua": ASKER, "teller.lua": TELLER, "narrow.lua": NARROW, "sender.lua": SENDER}
    scripts |= {"hoarder.lua": HOARDER, "echo.lua": ECHO, "old.lua": OLD, "starter.lua": STARTER}
    for name, text in {"_index.yaml": INDEX, "keeper.lua": KEEPER, "keeper.py": KEEPER_PY, **scripts}.items():
        (directory / name).write_text(text)
    return directory


@pytest.fixture
def carried(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """What was handed over, or refused."""
    seen: list[bool] = []
    carry: Callable[..., bool] = posting.carry
    can_take: Callable[..., bool] = posting.can_take

    def counting(*asked: Any) -> bool:
        seen.append(carry(*asked))
        return seen[-1]

    def taken(*asked: Any) -> bool:  # by who is parked; who cannot take it is asked by `carry` once more
        if can_take(*asked):
            seen.append(True)
            return True
        return False

    monkeypatch.setattr(posting, "carry", counting)
    monkeypatch.setattr(posting, "can_take", taken)
    return seen


async def test_who_gets_a_map_has_a_copy_of_its_own_however_it_waits(
    registry: Path, tmp_path: Path, carried: list[bool]
) -> None:
    text = {"text": "hello", "ok": True, "ratio": 2.0, "raw": b"\xff", "é": "x"}
    got = {**text, "id": 7, "keys": "id ok ratio raw text é", "hidden_too": False}
    async with app.open(registry, data=tmp_path / "data") as node:
        for way in ("inbox", "listen", "message", "select"):
            asker = await node.spawn("app:asker", host="app:actors")
            teller = await node.spawn("app:teller", host="app:actors", args=[asker, way])
            answer = await node.wait(asker, timeout=30)
            await node.wait(teller, timeout=30)
            assert answer == {"own": {**text, "id": 8}, "got": got, "kind": "float"}, way
    assert carried == [True] * 8


async def test_what_cannot_be_handed_over_arrives_all_the_same_and_in_order(
    registry: Path, tmp_path: Path, carried: list[bool]
) -> None:
    wide = {f"k{number}": number for number in range(1, 18)}
    odd = [{}, {"n": 1, "nested": [1, 2]}, [1, 2, 3], [], {5: "x"}, wide, {"text": "x" * 2000}, {"n": 2}, {"n": 3}]
    expected = [{"n": 1}, *odd, *({"number": number} for number in range(1, 41))]
    async with app.open(registry, data=tmp_path / "data") as node:
        for language, handed in (("keeper", True), ("keeper_py", False)):
            carried.clear()
            keeper = await node.spawn(f"app:{language}", host="app:actors", args=[len(expected)])
            await node.spawn("app:sender", host="app:actors", args=[keeper])
            assert await node.wait(keeper, timeout=30) == expected
            assert (any(carried), all(carried)) == (handed, False)


async def test_a_map_beyond_the_limit_of_its_sender_is_refused(
    registry: Path, tmp_path: Path, carried: list[bool]
) -> None:
    async with app.open(registry, data=tmp_path / "data") as node:
        narrow = await node.spawn("app:narrow", host="app:actors")
        teller = await node.spawn("app:teller", host="app:actors", args=[narrow, "inbox"])
        assert await node.wait(narrow, timeout=30) == "Invalid"
        await node.terminate(teller)
    assert carried == [False]


async def test_who_sends_maps_is_charged_for_what_it_keeps(registry: Path, tmp_path: Path, carried: list[bool]) -> None:
    async with app.open(registry, data=tmp_path / "data") as node:
        echo = await node.spawn("app:echo", host="app:actors")
        with pytest.raises(Error) as caught:
            await node.exec("app:hoarder", host="app:actors", args=[echo], timeout=120)
        await node.terminate(echo)
    assert caught.value.kind == RESOURCE
    assert any(carried)


@pytest.mark.parametrize("way", ["inbox", "listen", "message"])
@pytest.mark.parametrize("heir", ["keeper", "keeper_py"])
async def test_a_map_that_was_handed_over_and_not_seen_goes_over_to_new_code_in_any_language(
    registry: Path, tmp_path: Path, carried: list[bool], way: str, heir: str
) -> None:
    async with app.open(registry, data=tmp_path / "data") as node:
        starter = await node.spawn("app:starter", host="app:actors")
        old = await node.spawn("app:old", host="app:actors", args=[starter, way, f"app:{heir}"])
        got = await node.wait(old, timeout=60)
    assert got == [{"n": 7, "raw": b"\xff", "text": "hello", "é": 0.5}]
    assert any(carried)
