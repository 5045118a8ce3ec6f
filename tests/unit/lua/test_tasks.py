"""Coroutines, chunks and handles: the script's own coroutines are transparent to what the machine does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from actorflow.errors import Error
from actorflow.language.lua import LuaLanguage
from actorflow.language.lua.running import Running
from tests.unit.lua.world import PID, World, bundle_of, waiting

Run = Callable[..., Any]


def test_calls_pass_through_three_levels_of_coroutines_and_pcall(lua: LuaLanguage) -> None:
    world = waiting(World(), "app:f")
    source = """
    return function()
      local log = {}
      local function third()
        log[#log + 1] = "asleep"
        time.sleep("1s")
        local ok, problem = pcall(function() time.sleep("2s") error("deep") end)
        log[#log + 1] = tostring(ok) .. problem
        coroutine.yield("from third")
        return funcs.call("app:f", 1)
      end
      local function second()
        local co = coroutine.wrap(third)
        local value = co()
        log[#log + 1] = value
        coroutine.yield("from second")
        return co()
      end
      local co = coroutine.create(function() return select(2, pcall(second)) end)
      local _, yielded = coroutine.resume(co)
      log[#log + 1] = yielded
      log[#log + 1] = coroutine.status(co)
      local ok, value = coroutine.resume(co)
      log[#log + 1] = value
      log[#log + 1] = coroutine.status(co)
      return log
    end"""
    world.start(lua, source)
    world.fire()
    world.fire()
    assert [delay for _, delay in world.timers] == [1_000_000_000, 2_000_000_000]
    world.settle(world.asked[-1][1], "called")
    assert world.machine.outcome is not None
    assert world.machine.outcome.unwrap() == [
        *("asleep", "falseapp:script:6: deep", "from third", "from second", "suspended", "called", "dead"),
    ]


@pytest.mark.parametrize(
    "wait",
    [
        "for v in (function() time.sleep('1s') return nil end) do end",
        "local t = setmetatable({}, {__index = function() time.sleep('1s') return 'x' end}) local _ = t.x",
        "local _ = setmetatable({}, {__add = function() time.sleep('1s') return 1 end}) + 1",
        "local _ = setmetatable({}, {__concat = function() time.sleep('1s') return '' end}) .. 'x'",
        "local c <close> = setmetatable({}, {__close = function() time.sleep('1s') end})",
        "string.gsub('a', '.', function() time.sleep('1s') end)",
        "xpcall(function() time.sleep('1s') end, print)",
        "for _ in pairs(setmetatable({}, {__pairs = function() time.sleep('1s') return next, {}, nil end})) do end",
    ],
)
def test_waiting_works_inside(lua: LuaLanguage, wait: str) -> None:
    world = World()
    world.start(lua, f"return function() do {wait} end return 'done' end")
    assert world.machine.outcome is None
    world.fire()
    assert world.machine.outcome is not None
    assert world.machine.outcome.unwrap() == "done"


def test_waiting_where_lua_cannot_is_an_error(run: Run) -> None:
    source = """
    return function()
      local t = setmetatable({}, {__index = function() time.sleep("1s") end})
      return {pcall(function() for _ in ipairs(t) do end end)}
    end"""
    ok, problem = run(source)
    assert ok is False
    assert "attempt to yield across a C-call boundary" in problem


def test_a_coroutine_that_waits_in_a_call_cannot_be_resumed_by_another(lua: LuaLanguage) -> None:
    world = World()
    source = """
    return function()
      local co = coroutine.create(function() time.sleep("1s") return 1 end)
      local result = channel.new(1)
      coroutine.spawn(function() result:send({coroutine.resume(co)}) end)
      local ok, problem = coroutine.resume(co)
      local first = result:receive()
      return {ok, problem, first[1], first[2], coroutine.status(co)}
    end"""
    world.start(lua, source)
    world.fire()
    assert world.machine.outcome is not None
    assert world.machine.outcome.unwrap() == [
        *(False, "cannot resume coroutine blocked in a system call", True, 1, "dead"),
    ]


def test_the_coroutine_library_as_scripts_know_it(run: Run) -> None:
    source = """
    return function()
      local co
      co = coroutine.create(function(a, b)
        local c = coroutine.yield(a + b)
        local same = coroutine.running() == co
        error({code = c, same = same})
      end)
      local first = {coroutine.resume(co, 1, 2)}
      local second = {coroutine.resume(co, 3)}
      local third = {coroutine.resume(co)}
      return {coroutine.running() == nil, first, second[1], second[2].code, second[2].same, third, coroutine.isyieldable == nil}
    end"""
    assert run(source) == [True, [True, 3], False, 3, True, [False, "cannot resume dead coroutine"], True]


# ---- chunks --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("return function(a, b) return a + b end", 3),
        ("local function main(a, b) return a - b end return {main = main}", -1),
        ("local a, b = ... time.sleep(0) process.inbox() return a * 10 + b", 12),
        ("local a = ... local ch = channel.new(1) ch:send(a) return {main = 'no function', got = ch:receive()}", None),
    ],
)
def test_what_a_chunk_returns_decides(run: Run, source: str, result: Any) -> None:
    found = run(source, 1, 2)
    assert found == ({"main": "no function", "got": 1} if result is None else result)


@pytest.mark.parametrize("source", ["", "return 1", "return {other = print}", "local x = 1", "return {}, 'second'"])
def test_a_chunk_that_neither_did_nor_gave_anything_has_no_method(run: Run, source: str) -> None:
    with pytest.raises(Error, match='method "main" not found in module') as caught:
        run(source)
    assert caught.value.kind == "NotFound"


def test_the_method_of_the_entry_is_called(run: Run) -> None:
    assert run("return {start = function() return 'started' end, main = print}", method="start") == "started"


def test_a_process_is_loading_until_its_entry_function_begins(lua: LuaLanguage) -> None:
    world = World()
    machine = world.start(lua, "time.sleep('1s') return function() time.sleep('1s') end")
    running = machine.script
    assert isinstance(running, Running)
    assert running.loading
    running.holding = True
    world.fire()
    assert not running.loading


def test_libraries_are_loaded_once_a_process_and_share_its_modules_and_globals(run: Run) -> None:
    shared = bundle_of(
        "count = (count or 0) + 1 return {count = count, json = json}", id="app:shared", file="shared.lua", modules=()
    )
    one = bundle_of(
        "return {shared = shared, json = json ~= nil}", id="app:one", file="one.lua", imports={"shared": shared}
    )
    source = "return function() return {one.shared == shared, shared.count, count, shared.json == json, one.json, time ~= nil, require('one') == one} end"
    result = run(source, modules=("json",), imports={"one": one, "shared": shared})
    assert result == [True, 1, True, True, True, True, True]


def test_require_finds_globals_only(run: Run) -> None:
    source = """
    return function()
      local ok, problem = pcall(require, "time")
      return {require("json") == json, require("process") == process, ok, problem}
    end"""
    found = run(source, modules=("json",))
    assert found[:3] == [True, True, False]
    assert "module 'time' not found" in found[3]


# ---- handles and slots ---------------------------------------------------------------------------------------------


def test_timers_that_nobody_holds_leave_nothing_behind() -> None:
    lua = LuaLanguage()  # with a heap of its own: garbage is collected when it has grown in proportion
    world = World()
    source = """
    return function()
      for i = 1, 30000 do
        local ch = time.after("1s")
        ch:receive()
      end
      return "done"
    end"""
    machine = world.start(lua, source)
    running = machine.script
    assert isinstance(running, Running)
    most = 0
    while machine.outcome is None:
        most = max(most, len(running._handles))  # noqa: SLF001 - what the test is about
        place = len(world.timers) - 1
        world.fire(place)
        del world.timers[: place + 1]
    assert machine.outcome.unwrap() == "done"
    assert most < 10_000


def test_channels_are_the_same_objects_each_time(lua: LuaLanguage) -> None:
    source = """
    return function()
      local future = funcs.async("app:f")
      local timer = time.timer("1s")
      local done = channel.new(1)
      local picked = channel.select({done:case_send(1)}).channel
      return {process.inbox() == process.inbox(), process.events() == process.events(), process.listen("t") == process.listen("t"),
        future:channel() == future:response(), timer:channel() == timer:response(), picked == done,
        tostring(process.inbox()) == tostring(process.inbox()), type(done), type(done.send)}
    end"""
    machine = waiting(World(), "app:f").start(lua, source)
    assert machine.outcome is not None
    assert machine.outcome.unwrap() == [True] * 7 + ["userdata", "function"]


def test_values_on_channels_stay_themselves_also_nil(run: Run) -> None:
    source = """
    return function()
      local ch, t = channel.new(4), {}
      ch:send(t) ch:send(nil) ch:send(false) ch:send(print)
      ch:close()
      local a, b, c, d = ch:receive() == t, {ch:receive()}, {ch:receive()}, ch:receive() == print
      return {a, b[1] == nil and b[2], c[1] == false and c[2], d, select("#", ch:receive()), select(2, ch:receive())}
    end"""
    assert run(source) == [True, True, True, True, 2, False]


def test_a_process_that_ends_is_dropped_from_its_runtime(lua: LuaLanguage) -> None:
    machine = World().start(lua, "return function() time.sleep('1s') end")
    runtime = machine.script._program.runtime  # type: ignore[attr-defined]  # noqa: SLF001
    before = len(runtime.running)
    for _ in range(50):
        World().start(lua, "return function() return process.pid() end")
    assert len(runtime.running) == before


def test_process_api_reads_who_it_is(run: Run) -> None:
    assert run("return function() return {process.pid(), process.id()} end") == [PID, "app:script"]
