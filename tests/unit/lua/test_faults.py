"""What a fault of a script says: the script's line, whatever function of ours it happened in, and no line of ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from actorflow.errors import Failure
from actorflow.language.lua import LuaLanguage
from tests.unit.lua.world import World

Run = Callable[..., Any]


def failure(lua: LuaLanguage, source: str, **fields: Any) -> Failure:
    outcome = World().start(lua, source, **fields).outcome
    assert outcome is not None
    assert outcome.failure is not None, outcome
    return outcome.failure


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("error('boom')", "app:script:2: boom"),
        ("error('boom', 0)", "boom"),
        ("local x = nil + 1", "app:script:2: attempt to perform arithmetic on a nil value"),
        ("local t = nil; return t.x", "app:script:2: attempt to index a nil value (local 't')"),
        ("assert(false)", "assertion failed!"),
        ("assert(nil, 'no')", "no"),
        ("string.rep()", "app:script:2: bad argument #1 to 'rep' (string expected, got nil)"),
        ("('x'):upper():bad()", "app:script:2: attempt to call a nil value (method 'bad')"),
        ("string.upper({})", "app:script:2: bad argument #1 to 'upper' (string expected, got table)"),
        ("string.find()", "app:script:2: bad argument #1 to 'find' (string expected, got nil)"),
        ("string.find('a', '[')", "app:script:2: malformed pattern (missing ']')"),
        ("table.concat({{}})", "app:script:2: invalid value (table) at index 1 in table for 'concat'"),
        ("table.insert({}, 5, 1)", "app:script:2: bad argument #2 to 'insert' (position out of bounds)"),
        ("math.random(0.5)", "app:script:2: bad argument #1 to 'random' (number has no integer representation)"),
        ("math.random(2, 1)", "app:script:2: bad argument #2 to 'random' (interval is empty)"),
        (
            "channel.new():send({}, channel.new().close())",
            "app:script:2: bad argument #1 to 'close' (Channel expected, got nil)",
        ),
        ("time.now().unix({})", "app:script:2: bad argument #1 to 'unix' (Time expected, got table)"),
        ("require('nothing')", "app:script:2: module 'nothing' not found"),
        ("errors.new({})", "app:script:2: errors.new: message must be a string, got nil"),
        ("coroutine.yield()", "app:script:2: attempt to yield from outside a coroutine"),
        ("type()", "app:script:2: bad argument #1 to 'type' (value expected)"),
        ("error('\\xff\\xfebad')", "app:script:2: \ufffd\ufffdbad"),
    ],
)
def test_a_fault_names_its_line(lua: LuaLanguage, body: str, message: str) -> None:
    found = failure(lua, f"return function()\n{body}\nend")
    assert found.message == message
    assert found.kind == "Internal"
    assert found.retryable is None
    assert found.stack.startswith("s.lua:2: in ")


@pytest.mark.parametrize(
    "body",
    [
        "string.rep()",
        "string.upper({})",
        "table.insert(1)",
        "channel.new('x')",
        "pairs(1)",
        "error('e')",
        "('x').y.z = 1",
    ],
)
@pytest.mark.parametrize(
    "how", ["pcall(f)", "xpcall(f, function(e) return e end)", "coroutine.resume(coroutine.create(f))"]
)
def test_what_is_caught_names_its_line_too(run: Run, body: str, how: str) -> None:
    ok, problem = run(f"local function f()\n{body}\nend\nreturn function() local ok, e = {how} return {{ok, e}} end")
    assert ok is False
    assert problem.startswith("app:script:2: "), problem


def test_levels_count_the_scripts_functions(lua: LuaLanguage) -> None:
    source = "local function check()\nerror('bad', 2)\nend\nreturn function()\ncheck()\nend"
    assert failure(lua, source).message == "app:script:5: bad"


def test_the_stack_has_the_scripts_lines_only(lua: LuaLanguage) -> None:
    source = """
    local function inner() error("boom") end
    local function middle()
      inner()
    end
    return function()
      pcall(function() error("other") end)
      middle()
    end"""
    found = failure(lua, source)
    assert found.stack.splitlines() == ["s.lua:1: in inner", "s.lua:3: in middle", "s.lua:7: in function <line 5>"]


def test_the_stack_goes_through_our_functions(lua: LuaLanguage) -> None:
    source = "return function()\ntable.sort({1, 2}, function()\nerror('in sort') end)\nend"
    assert [line.partition(": ")[0] for line in failure(lua, source).stack.splitlines()] == ["s.lua:3", "s.lua:2"]


def test_an_error_of_a_spawned_task_ends_the_process(lua: LuaLanguage) -> None:
    found = failure(lua, "return function()\ncoroutine.spawn(function()\nerror('task') end)\ntime.sleep('1s') end")
    assert found.message == "app:script:3: task"
    assert found.stack.startswith("s.lua:3: in ")


def test_details_that_cannot_leave_are_left_out(lua: LuaLanguage) -> None:
    found = failure(
        lua, "return function() error(errors.new({message = 'm', kind = 'Own', details = {f = print}})) end"
    )
    assert (found.message, found.kind, found.details) == ("m", "Own", None)


def test_what_is_to_be_closed_is_closed_at_an_error(lua: LuaLanguage) -> None:
    world = World()
    source = """
    return function()
      local guard <close> = setmetatable({}, {__close = function(_, problem) print("closed", problem) end})
      error("boom")
    end"""
    world.start(lua, source)
    assert [text for _, text, _ in world.notes] == ["closed app:script:3: boom"]


def test_what_is_to_be_closed_in_a_pcall_may_wait(lua: LuaLanguage) -> None:
    world = World()
    source = """
    return function()
      local ok, problem = pcall(function()
        local guard <close> = setmetatable({}, {__close = function() time.sleep("1s") print("closed") end})
        error("boom")
      end)
      return {ok, problem}
    end"""
    world.start(lua, source)
    world.fire()
    assert world.machine.outcome is not None
    assert world.machine.outcome.unwrap() == [False, "app:script:4: boom"]


def test_an_error_of_the_driver_reaches_the_caller_of_the_machine(lua: LuaLanguage) -> None:
    class DivergenceError(Exception):
        pass

    class Diverging(World):
        def draw(self, *_: object) -> bytes:
            raise DivergenceError

    world = Diverging()
    with pytest.raises(DivergenceError):
        world.start(lua, "return function() pcall(uuid.v4) print('after') time.sleep('1s') end")
    assert world.notes == []
