"""Error objects: what `errors` makes, what strings accept, and what a process ends with."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from actorflow.errors import Failure
from actorflow.language.lua import LuaLanguage
from tests.unit.lua.world import World

Run = Callable[..., Any]


def _failure(lua: LuaLanguage, source: str, **fields: Any) -> Failure:
    outcome = World().start(lua, source, **fields).outcome
    assert outcome is not None
    assert outcome.failure is not None, outcome
    return outcome.failure


def test_new_takes_a_message_or_a_table(run: Run) -> None:
    source = """
    return function()
      local a, b = errors.new("m"), errors.new{message = "n", kind = errors.CONFLICT, retryable = true, details = {x = 1}}
      return {a:message(), a:kind(), a:retryable() == nil, a:details() == nil, b:message(), b:kind(), b:retryable(),
        b:details().x, errors.new{message = "e", details = {}}:details() == nil, tostring(b)}
    end"""
    assert run(source) == ["m", "", True, True, "n", "Conflict", True, 1, True, "n"]


@pytest.mark.parametrize(
    "made", ["errors.new()", "errors.new(1)", "errors.new{}", "errors.new{message = 1}", "errors.new(nil)"]
)
def test_new_without_a_message_raises(run: Run, made: str) -> None:
    assert run(f"return function() return (pcall(function() return {made} end)) end") is False


def test_wrap_keeps_the_message_and_shows_the_context_in_the_stack(run: Run) -> None:
    source = """
    return function()
      local w = errors.wrap(errors.new{message = "inner", kind = "K", retryable = false, details = {a = 1}}, "while saving")
      local s = errors.wrap("plain", "ctx")
      return {w:message(), tostring(w), w:kind(), w:retryable(), w:details().a, w:stack():find("while saving", 1, true) ~= nil,
        s:message()}
    end"""
    assert run(source) == ["inner", "inner", "K", False, 1, True, "plain"]


def test_is_compares_the_kind_and_refuses_what_is_no_error(run: Run) -> None:
    source = """
    return function()
      local e = errors.new{message = "m", kind = errors.NOT_FOUND}
      return {errors.is(e, errors.NOT_FOUND), errors.is(e, errors.INVALID), errors.is("m", "NotFound"), errors.is(nil, "x"),
        errors.is({}, "")}
    end"""
    assert run(source) == [True, False, False, False, False]


def test_call_stack_has_frames_with_lines(run: Run) -> None:
    source = """
    local function deep() local made = errors.new("m") return made end
    return function()
      local stack = errors.call_stack(deep())
      return {stack.frames[1].source, stack.frames[1].line, errors.call_stack("x") == nil}
    end"""
    assert run(source) == ["s.lua", 1, True]


def test_an_error_concatenates_and_stands_for_its_message_in_string_functions(run: Run) -> None:
    source = """
    return function()
      local e = errors.new("not found: x")
      return {"a " .. e, e .. " b", e .. e, string.find(e, "not found"), string.match(e, "%w+"), (string.gsub(e, "not", "NOT")),
        string.sub(e, 1, 3), string.len(e), string.upper(e), string.lower(e), string.byte(e), string.reverse(e),
        string.rep(e, 2), string.gmatch(e, "%a+")(), string.format("%s|", e), 1 .. e}
    end"""
    message = "not found: x"
    assert run(source) == [
        "a " + message, message + " b", message * 2, 1, "not", "NOT found: x", "not", 12, message.upper(), message, 110,
        message[::-1], message * 2, "not", message + "|", "1" + message,
    ]  # fmt: skip


def test_a_raised_text_ends_the_process_with_its_line(lua: LuaLanguage) -> None:
    failure = _failure(lua, "local function deep()\n  error('boom')\nend\nreturn function()\n  deep()\nend")
    assert failure.message == "app:script:2: boom"
    assert (failure.kind, failure.retryable) == ("Internal", None)
    places = re.findall(r"s\.lua:\d+", failure.stack)
    assert places[:2] == ["s.lua:2", "s.lua:5"]
    assert "prelude" not in failure.stack
    assert "[C]" not in failure.stack


def test_a_raised_error_object_ends_the_process_as_it_is(lua: LuaLanguage) -> None:
    failure = _failure(
        lua, "return function() error(errors.new{message = 'm', kind = 'Conflict', retryable = true}) end"
    )
    assert (failure.message, failure.kind, failure.retryable) == ("m", "Conflict", True)
    assert _failure(lua, "return function() error(errors.new('m')) end").kind == "Internal"


@pytest.mark.parametrize(("raised", "message"), [("{}", r"table"), ("nil", "nil"), ("42", "42"), ("print", "function")])
def test_anything_may_be_raised_and_shows_no_address(lua: LuaLanguage, raised: str, message: str) -> None:
    failure = _failure(lua, f"return function() error({raised}) end")
    assert re.search(message, failure.message)
    assert not re.search(r"0x[0-9a-f]{7}", failure.message)


def test_a_runtime_error_names_the_line_and_the_variable(lua: LuaLanguage) -> None:
    failure = _failure(lua, "return function()\n  local x\n  return x.y\nend")
    assert failure.message == "app:script:3: attempt to index a nil value (local 'x')"


def test_inline_source_counts_lines_from_its_file(lua: LuaLanguage) -> None:
    failure = _failure(lua, "return function() error('boom') end", line=10, file="_index.yaml")
    assert failure.message == "app:script:11: boom"


@pytest.mark.parametrize(
    ("returned", "expected"),
    [
        ("nil, 'no stock'", ("no stock", "Internal", False)),
        ("1, errors.new{message = 'm', kind = 'Conflict'}", ("m", "Conflict", None)),
        ("1, errors.new('m')", ("m", "Internal", None)),
    ],
)
def test_a_second_value_that_is_an_error_is_the_failure(lua: LuaLanguage, returned: str, expected: Any) -> None:
    failure = _failure(lua, f"return function() return {returned} end")
    assert (failure.message, failure.kind, failure.retryable) == expected


@pytest.mark.parametrize("second", ["nil", "42", "{}", "false", "true"])
def test_any_other_second_value_is_ignored(run: Run, second: str) -> None:
    assert run(f"return function() return 'first', {second} end") == "first"


def test_an_uncaught_error_in_a_spawned_task_ends_the_process(lua: LuaLanguage) -> None:
    failure = _failure(
        lua, "return function()\ncoroutine.spawn(function()\nerror('boom') end)\nchannel.new():receive() end"
    )
    assert failure.message == "app:script:3: boom"


def test_a_wrong_argument_names_the_line_of_the_script(run: Run) -> None:
    source = "return function()\n  local ok, problem = pcall(function()\n    return funcs.call(42)\n  end)\n  return tostring(problem)\nend"
    assert "prelude" not in run(source)
    for call in (
        "channel.new('x')",
        "string.rep()",
        "ipairs()",
        "time.now().add(1)",
        "process.listen({})",
        "setmetatable(1)",
    ):
        text = run(
            f"return function()\n local ok, problem = pcall(function()\n   {call}\n end)\n return tostring(problem)\nend"
        )
        assert "prelude" not in text, (call, text)


def test_pcall_and_xpcall_pass_results_and_errors(run: Run) -> None:
    source = """
    return function()
      local a = {pcall(function(...) return ... end, 1, nil, 3)}
      local b = {pcall(error, {code = 7})}
      local c = {xpcall(function(x) error(x, 0) end, function(e) return "handled " .. e end, "e")}
      local d = {pcall(pcall, error, "x")}
      return {a[1], a[2], a[4], b[1], b[2].code, c[1], c[2], d[1], d[2], d[3]}
    end"""
    assert run(source) == [True, 1, 3, False, 7, False, "handled e", True, False, "x"]


def test_the_entry_is_found_or_is_not(lua: LuaLanguage, run: Run) -> None:
    assert run("return function(a, b) return a + b end", 1, 2) == 3
    assert run("return {main = function(a) return a end}", "x") == "x"
    assert run("return {other = function(a) return a end}", "x", method="other") == "x"
    failure = _failure(lua, "return {other = function() end}")
    assert (failure.kind, failure.message) == ("NotFound", failure.message)
    assert "main" in failure.message
    assert _failure(lua, "local x = 1").kind == "NotFound"


def test_a_bare_chunk_has_its_arguments_and_its_result(lua: LuaLanguage) -> None:
    world = World()
    world.answers["app:f"] = 5
    outcome = world.start(lua, "local a, b = ... \nlocal v = funcs.call('app:f', a)\nreturn v + b", 1, 2).outcome
    assert outcome is not None
    assert outcome.unwrap() == 7
    assert world.asked == [("call", 1, "app:f", (1,), {})]
