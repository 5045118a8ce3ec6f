"""A process that goes beyond a limit ends with Resource, at its line, whatever it does against that; its neighbours live."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from actorflow.errors import RESOURCE, Failure
from actorflow.language.lua import LuaLanguage
from actorflow.language.lua.runtime import RuntimeLimits
from tests.unit.lua.world import World, bundle_of

SMALL = {"limits": {"slice": {"kill": 5_000_000}}}
"""5 ms: 500,000 instructions."""


@pytest.fixture(scope="module")
def tight() -> LuaLanguage:
    return LuaLanguage(limits=RuntimeLimits(memory=96 << 20))


def failure(language: LuaLanguage, source: str, **fields: Any) -> Failure:
    """Run a script on line 2 of its chunk, and return how it failed; a neighbour waits meanwhile and goes on after."""
    neighbour = World()
    neighbour.start(
        language, "return function() time.sleep('1s') local n = 0 for i = 1, 20000 do n = n + i end return n end"
    )
    machine = World().start(language, f"return function()\n{source}\nend", **{"options": SMALL, **fields})
    neighbour.fire()
    assert neighbour.machine.outcome is not None
    assert neighbour.machine.outcome.unwrap() == 200_010_000
    assert machine.outcome is not None, "it waits"
    assert machine.outcome.failure is not None, f"it returned {machine.outcome.value!r}"
    return machine.outcome.failure


LOOPS = {
    "main": "while true do end",
    "pcall": "while true do pcall(function() while true do end end) end",
    "xpcall": "while true do xpcall(function() while true do end end, function() while true do end end) end",
    "handler": "xpcall(error, function() while true do end end)",
    "recursive handler": "local function f(e) return xpcall(error, f) end while true do f() end",
    "coroutine": "while true do coroutine.resume(coroutine.create(function() while true do end end)) end",
    "wrap": "while true do pcall(coroutine.wrap(function() pcall(function() while true do end end) end)) end",
    "short coroutines": "while true do coroutine.wrap(function() for _ = 1, 900 do end end)() end",
    "close": "local c <close> = setmetatable({}, {__close = function() while true do end end}) while true do end",
    "close in pcall": "while true do pcall(function() local c <close> = setmetatable({}, {__close = function() "
    "while true do end end}) while true do end end) end",
    "close in coroutine": "while true do pcall(coroutine.wrap(function() local c <close> = setmetatable({}, {__close = "
    "function() while true do pcall(error) end end}) while true do end end)) end",
    "index": "local t = setmetatable({}, {__index = function(t, k) while true do end end}) return t.x",
    "tostring": "return tostring(setmetatable({}, {__tostring = function() while true do end end}))",
    "concat": "return setmetatable({}, {__concat = function() while true do end end}) .. 'x'",
    "sort": "table.sort({1, 2, 3}, function() while true do end end)",
    "gsub": "string.gsub('abc', '.', function() while true do end end)",
    "gmatch": "while true do for _ in ('x'):rep(1000):gmatch('.') do end end",
    "tail calls": "local function f() return f() end f()",
    "goto": "::again:: goto again",
    "refused calls": "while true do process.listen('\\xff') end",
    "errors": "while true do pcall(error, {}) end",
    "json": "while true do json.decode('[') end",
    "pairs": "while true do for _ in pairs({}) do end end",
    "iterator": "for _ in function() return 1 end do end",
    "spawned": "coroutine.spawn(function() while true do end end) time.sleep('1s')",
    "empty rep": "while true do (''):rep(1 << 60) end",
    "move": "table.move({}, 1, 1 << 60, 2)",
    "insert": "table.insert(setmetatable({}, {__len = function() return 1 << 60 end}), 1, 'x')",
    "remove": "table.remove(setmetatable({}, {__len = function() return 1 << 60 end}), 1)",
    "concat of nothing": "table.concat(setmetatable({}, {__index = function() return '' end}), '', 1, 1 << 60)",
    "sort of nothing": "table.sort(setmetatable({}, {__len = function() return 1 << 30 end, __index = function() "
    "return 1 end}))",
    "unpack": "while true do table.unpack({}, 1, 100000) end",
    "insertions": "local t = {} for i = 1, 1e5 do t[i] = i end while true do table.insert(t, 1, 0) end",
    "long strings": "local s = ('x'):rep(10000000) while true do s:upper() end",
    "random": "while true do math.random() end",
    "ever more arguments": "local function f(...) return f(1, ...) end f()",
    "encoding": "local t = {} for _ = 1, 40 do t = {t, t} end funcs.call('app:f', t)",
}


@pytest.mark.parametrize("loop", LOOPS)
def test_an_endless_loop_cannot_be_caught(lua: LuaLanguage, loop: str) -> None:
    found = failure(lua, LOOPS[loop])
    assert found.kind == RESOURCE, found
    assert found.retryable is False
    assert found.message.startswith("app:script:"), found.message
    assert "limits.slice.kill allows (5 ms, 500000 instructions)" in found.message
    assert found.stack.startswith("s.lua:2"), found.stack
    assert "prelude" not in found.message + found.stack


def test_the_message_names_the_line_of_the_loop(lua: LuaLanguage) -> None:
    found = failure(lua, "local function spin()\nwhile true do end\nend\nspin()")
    assert found.message.startswith("app:script:3: ")
    assert found.stack.splitlines() == ["s.lua:3: in spin", "s.lua:5: in function <line 1>"]


@pytest.mark.parametrize(
    "chunk", ["while true do end", "pcall(function() while true do end end) return function() end"]
)
def test_a_loop_at_the_top_of_a_chunk_is_ended(lua: LuaLanguage, chunk: str) -> None:
    machine = World().start(lua, chunk, options=SMALL)
    assert machine.outcome is not None
    assert machine.outcome.failure is not None
    assert machine.outcome.failure.kind == RESOURCE


def test_a_loop_in_a_library_is_ended_at_its_line(lua: LuaLanguage) -> None:
    library = bundle_of(
        "local lib = {}\nfunction lib.spin() while true do end end\nreturn lib", file="lib.lua", id="app:lib"
    )
    found = failure(lua, "lib.spin()", imports={"lib": library})
    assert found.message.startswith("app:lib:2: ")
    assert "s.lua:2: " in found.stack


def test_the_budget_is_per_turn_not_per_life(lua: LuaLanguage) -> None:
    world = World()
    world.start(
        lua,
        "return function() for _ = 1, 20 do for _ = 1, 300000 do end time.sleep('1s') end return 'done' end",
        options=SMALL,
    )
    for _ in range(20):
        world.fire()
    assert world.machine.outcome is not None
    assert world.machine.outcome.unwrap() == "done"


def test_another_instance_of_the_same_program_is_not_touched(lua: LuaLanguage) -> None:
    source = "return function(n) local m = 0 for i = 1, n do m = m + 1 end return m end"
    dead = World().start(lua, source, 10_000_000, options=SMALL)
    assert dead.outcome is not None
    assert dead.outcome.failure is not None
    alive = World().start(lua, source, 1000, options=SMALL)
    assert alive.outcome is not None
    assert alive.outcome.unwrap() == 1000


BOMBS = {
    "table": "local t = {} while true do t[#t + 1] = {t} end",
    "strings": "local t = {} while true do t[#t + 1] = ('x'):rep(1000000) .. #t end",
    "concat": "local s = 'x' while true do s = s .. s end",
    "caught": "while true do pcall(function() local s = 'x' while true do s = s .. s end end) end",
    "caught in a coroutine": "while true do coroutine.resume(coroutine.create(function() local s = 'x' while true do "
    "s = s .. s end end)) end",
    "table.concat": "local t = {} local s = ('x'):rep(1000000) for i = 1, 1000 do t[i] = s end table.concat(t)",
    "coroutines": "local t = {} while true do t[#t + 1] = coroutine.create(function() end) end",
    "closures": "local t = {} while true do t[#t + 1] = function() return t end end",
    "pack": "local t = {} while true do t[#t + 1] = string.pack('c9999999', '') end",
    "format": "local s = 'x' while true do s = string.format('%s%s', s, s) end",
    "gsub": "local s = 'x' while true do s = s:gsub('x', 'xxxxxxxx') end",
    "objects": "local t = {} while true do t[#t + 1] = payload.new(t) end",
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_memory_bomb_ends_alone(tight: LuaLanguage, bomb: str) -> None:
    found = failure(tight, BOMBS[bomb], options={"limits": {"slice": {"kill": 3_000_000_000}}})
    assert found.kind == RESOURCE, found
    assert "limits.memory" in found.message or "pattern" in found.message or "computed longer" in found.message, found
    assert bomb == "table.concat" or found.stack.startswith("s.lua:2"), found


def test_endless_recursion_is_an_error_like_any_other(run: Callable[..., Any]) -> None:
    source = """
    local function deeper() return 1 + deeper() end
    return function()
      local ok, problem = pcall(deeper)
      return {ok, string.find(problem, "app:script:1: stack overflow", 1, true) ~= nil}
    end"""
    assert run(source) == [False, True]


def test_rep_refuses_before_it_allocates(lua: LuaLanguage) -> None:
    found = failure(lua, "pcall(string.rep, 'x', 1 << 40)")
    assert found.kind == RESOURCE
    assert "string.rep" in found.message
    assert found.message.startswith("app:script:2: ")


def test_a_number_is_repeated_as_its_text(run: Callable[..., Any]) -> None:
    assert run("return function() return string.rep('ab', '2', ',') .. (''):rep(9) end") == "ab,ab"
    assert run("return function() return string.rep(12, 2) end") == "1212"


LITTLE = {"limits": {"memory": {"warn": 4 << 20, "kill": 8 << 20}, "slice": {"kill": 3_000_000_000}}}
HOLDERS = {
    "table": "local t = {} while true do t[#t + 1] = {} WAIT end",
    "global": "all = {} while true do all[#all + 1] = ('x'):rep(1000) .. #all WAIT end",
    "upvalue": "local s = {} local function f() s[#s + 1] = {s} end while true do f() WAIT end",
    "doubling": "local s = 'x' while true do s = s .. s WAIT end",
    "wrapped": "local w = coroutine.wrap(function() local t = {} while true do t[#t + 1] = {} WAIT end end) w()",
    "channel": "local c = channel.new(1e7) while true do c:send({}) WAIT end",
}


@pytest.mark.parametrize("wait", ["", "time.sleep('0s')"])
@pytest.mark.parametrize("holder", HOLDERS)
def test_who_holds_more_than_it_may_of_a_shared_heap_ends_alone(holder: str, wait: str) -> None:
    clean = LuaLanguage(limits=RuntimeLimits(memory=96 << 20))  # freed garbage of others would be its relief
    found = failure(clean, HOLDERS[holder].replace("WAIT", wait), options=LITTLE)
    assert found.kind == RESOURCE, found
    assert found.retryable is False
    limit = "limits.memory allows (96 MiB)" if holder == "doubling" else "limits.memory.kill allows (8 MiB)"
    assert limit in found.message, found
    assert found.message.startswith("app:script:2: ")


GARBAGE = "for i = 1, 300 do local t = {} for k = 1, 2000 do t[k] = {} end WAIT end return 'done'"


@pytest.mark.parametrize("wait", ["", "time.sleep('0s')"])
def test_garbage_is_not_held_and_neither_is_what_others_hold(tight: LuaLanguage, wait: str) -> None:
    holder = World()
    source = "return function() local t = {} for i = 1, 200000 do t[i] = {} end time.sleep('1s') return #t end"
    holder.start(tight, source, options={"limits": {"slice": {"kill": 3_000_000_000}}})
    source = "return function() " + GARBAGE.replace("WAIT", wait) + " end"
    machine = World().start(tight, source, options=LITTLE)
    assert machine.outcome is not None
    assert machine.outcome.unwrap() == "done"
    holder.fire()
    assert holder.machine.outcome is not None
    assert holder.machine.outcome.unwrap() == 200_000


@pytest.mark.slow
def test_the_time_of_weighing_is_not_the_scripts() -> None:
    roomy = LuaLanguage(limits=RuntimeLimits(memory=512 << 20))
    options = {"limits": {"memory": {"kill": 160 << 20}, "slice": {"kill": 500_000_000}}}
    source = """
    return function()
      local t = {}
      while true do
        for i = 1, 20000 do t[#t + 1] = {i} end
        time.sleep("1ms")
      end
    end"""
    world = World()
    machine = world.start(roomy, source, options=options)
    while machine.outcome is None:
        world.fire()
    assert machine.outcome.failure is not None
    assert "limits.memory.kill allows (160 MiB)" in machine.outcome.failure.message


def test_who_comes_to_hold_much_is_told_once(tight: LuaLanguage) -> None:
    world = World()
    source = """
    return function()
      local t = {}
      for i = 1, 60000 do
        t[i] = {}
        if i % 1000 == 0 then time.sleep('0s') end
      end
    end"""
    machine = world.start(tight, source, options=LITTLE)
    assert machine.outcome is not None
    assert machine.outcome.failure is None, machine.outcome.failure
    (notice,) = world.notices
    assert (notice.code, notice.where) == ("memory-large", "{local@app:host|0x00001}")
    assert "app:script: holds about 4 MiB" in notice.text


def test_an_isolated_entry_has_a_runtime_and_a_limit_of_its_own(lua: LuaLanguage) -> None:
    options = {"isolate": True, "limits": {"memory": {"kill": 16 << 20}, "slice": {"kill": 1_000_000_000}}}
    machine = World().start(lua, "return function()\n" + BOMBS["table"] + "\nend", options=options)
    assert machine.outcome is not None
    assert machine.outcome.failure is not None
    assert "16 MiB" in machine.outcome.failure.message


HOLD = """
return function(count)
  local all = {}
  for i = 1, count do all[i] = {i} end
  time.sleep("1s")
  return #all
end
"""


def test_who_holds_most_of_a_full_heap_ends_whoever_runs() -> None:
    clean = LuaLanguage(limits=RuntimeLimits(memory=64 << 20))
    options = {"limits": {"slice": {"kill": 3_000_000_000}}}
    large, small, garbage, next_one = (World() for _ in range(4))
    garbage.start(
        clean, "return function() for i = 1, 900000 do local t = {i} end time.sleep('1s') end", options=options
    )
    small.start(clean, HOLD, 100_000, options=options)
    large.start(clean, HOLD, 500_000, options=options)
    next_one.start(clean, HOLD, 150_000, options=options)
    assert large.machine.outcome is not None
    assert large.machine.outcome.failure is not None
    assert large.machine.outcome.failure.kind == RESOURCE
    assert "app:script: holds most of a memory that is full" in large.machine.outcome.failure.message
    for world, value in ((small, 100_000), (garbage, None), (next_one, 150_000)):
        world.fire()
        assert world.machine.outcome is not None
        assert world.machine.outcome.unwrap() == value
