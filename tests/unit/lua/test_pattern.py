"""Bounded patterns: the same answers as Lua's own functions, and an end to every search."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lupa import lua54

import actorflow.language

PRELUDE = Path(actorflow.language.__file__).parent / "lua" / "prelude"
STEPS = 300_000
SHORT = 100_000  # steps that take less than 100 ms on a busy machine, too
HARNESS = b"""
local source, matcher, program, steps = ...
local native = {}
for name, value in pairs(string) do native[name] = value end
local load, setmetatable, G = load, setmetatable, _G
local reads, running = {}, false
local globals = setmetatable({}, {__index = function(_, name)
  if running then reads[name] = true end
  return G[name]
end})
local make = load(source, "@pattern.lua", "t", globals)()
local matcher_of = load(matcher, "@pattern_match.lua", "t", globals)()
local compiler_of = load(program, "@pattern_program.lua", "t", globals)()
local limits = {steps = steps}
local ours = make(native, limits, function(message) error({fatal = message}, 0) end, matcher_of, compiler_of)
running = true

local function show(value)
  if type(value) == "table" then return "fatal: " .. value.fatal end
  return math.type(value) == "integer" and value or type(value) == "string" and value or tostring(value)
end

local function outcome(ok, ...)
  local shown = {ok}
  for index = 1, select("#", ...) do shown[index + 1] = show((select(index, ...))) end
  return table.unpack(shown)
end

-- Calls a function with both libraries from one line of one chunk, so that even positions in messages agree.
local function both(code)
  local body = assert(load("local string, pack = ... local results = pack(" .. code .. ") return results", "=user"))
  return function(library)
    local ok, results = pcall(body, library, table.pack)
    if not ok then return outcome(false, results) end
    return outcome(true, table.unpack(results, 1, results.n))
  end
end

return ours, native, limits, both, reads
"""


class Pair:
    """Our library and the native one in one runtime, each call made by the same Lua text."""

    def __init__(self, native_work: bytes = b"1 << 24") -> None:
        self.lua = lua54.LuaRuntime(encoding=None, unpack_returned_tuples=True)
        names = ("pattern.lua", "pattern_match.lua", "pattern_program.lua")
        source, matcher, program = ((PRELUDE / name).read_bytes() for name in names)
        limit = b"NATIVE_WORK <const> = "
        assert limit + b"1 << 24" in program
        program = program.replace(limit + b"1 << 24", limit + native_work)
        made = self.lua.execute(HARNESS, source, matcher, program, STEPS)
        self.ours, self.native, self.limits, self.both, self.reads = made
        self.lua.globals()[b"ours"] = self.ours

    def results(self, code: bytes) -> tuple[Any, Any]:
        """Return what `code`, which calls `string.*`, gives with our library and with the native one."""
        call = self.both(code)
        return call(self.ours), call(self.native)

    def ours_alone(self, code: bytes) -> Any:
        """Return what `code` gives with our library."""
        return self.both(code)(self.ours)


@pytest.fixture(scope="module")
def pair() -> Pair:
    return Pair()


def quoted(text: bytes) -> bytes:
    return b'"' + b"".join(b"\\%03d" % code for code in text) + b'"'


def same(pair: Pair, code: bytes) -> None:
    ours, native = pair.results(code)
    assert ours == native, code


BYTES = st.binary(max_size=3) | st.sampled_from(b"a.b.ab.(.). .\0.aaa.a b,c.%.^.$".split(b"."))
SUBJECTS = st.lists(BYTES, max_size=8).map(b"".join)
SINGLES = st.sampled_from(b"a b . %a %s %W [ab] [^a] [%s,] [a-c%]] %. , \0 $ ^ ]".split(b" ")) | st.just(b" ")
QUANTIFIERS = st.sampled_from([b"", b"", b"*", b"+", b"-", b"?"])
ITEMS = st.one_of(
    st.tuples(SINGLES, QUANTIFIERS).map(b"".join),
    st.sampled_from([b"%b()", b"%bab", b"%f[%a]", b"%f[^%z ]", b"%1", b"%2", b"()", b"(", b")", b"*"]),
)
GROUPS = st.lists(ITEMS, max_size=3).map(b"".join).map(lambda items: b"(" + items + b")")
FAULTS = st.sampled_from([b"%", b"[", b"[^", b"[a-%", b"%b", b"%ba", b"%f", b"%fa", b"%f[a", b"%0", b"%9"])
PATTERNS = st.builds(
    lambda start, items, end: start + b"".join(items) + end,
    st.sampled_from([b"", b"", b"^"]),
    st.lists(st.one_of(ITEMS, ITEMS, ITEMS, GROUPS), max_size=6),
    st.one_of(st.sampled_from([b"", b"", b"", b"$"]), FAULTS),
)
INITS = st.sampled_from([b"nil", b"1", b"2", b"0", b"-1", b"-3", b"9", b"99", b"-99", b"2.0", b"'3'"])
REPLACEMENTS = st.sampled_from(
    [
        *(b"''", b"'<%0>'", b"'%1'", b"'%2%1'", b"'%%'", b"'%9'", b"'x%'", b"'%a'", b"7", b"2.5", b"nil"),
        *(b"function(...) return select('#', ...) end", b"function(a) return a end", b"function() return nil end"),
        *(b"function() return {} end", b"function() return true end", b"{a = 'A', [1] = 'one', ['a b'] = false}"),
        *(b"setmetatable({}, {__index = function(_, key) return '<' .. key .. '>' end})", b"{a = {}}"),
    ]
)
CALLS = (
    b"string.find(%(s)b, %(p)b, %(i)b)",
    b"string.find(%(s)b, %(p)b, %(i)b, true)",
    b"string.match(%(s)b, %(p)b, %(i)b)",
    b"string.gsub(%(s)b, %(p)b, %(r)b)",
    b"string.gsub(%(s)b, %(p)b, %(r)b, %(i)b)",
    b"""(function()
        local found = {}
        for a, b in string.gmatch(%(s)b, %(p)b, %(i)b) do found[#found + 1] = tostring(a) .. '|' .. tostring(b) end
        return table.concat(found, ';')
    end)()""",
)
LITERALS = st.fixed_dictionaries(
    {b"s": SUBJECTS.map(quoted), b"p": PATTERNS.map(quoted), b"i": INITS, b"r": REPLACEMENTS}
)


@pytest.fixture(scope="module")
def matcher() -> Pair:
    """A pair whose library trusts the native functions with nothing."""
    return Pair(native_work=b"0")


@settings(max_examples=300)
@given(LITERALS)
def test_answers_and_messages_are_those_of_lua(pair: Pair, matcher: Pair, literals: dict[bytes, bytes]) -> None:
    for call in CALLS:
        same(pair, call % literals)
        same(matcher, call % literals)


@pytest.mark.parametrize(
    "code",
    [
        "string.find(nil, 'x')",
        "string.find('x', {})",
        "string.find('x', 'x', 'y')",
        "string.find('x', 'x', 1.5)",
        "string.find('x', 'x', {})",
        "string.find(12, 2)",
        "string.match('x', 'x', true)",
        "string.gmatch({}, 'x')",
        "string.gmatch('x', print)",
        "string.gsub('x', 'x', true)",
        "string.gsub('x', 'x', nil)",
        "string.gsub('x', 'x', 'y', 'z')",
        "string.gsub('x', 'x', 'y', -1)",
        "string.gsub(15, 5, 6)",
        "string.gsub('x', '(x', {})",
        "string.gsub('x', '(x', 'y')",
        "string.gsub('x', '(x', '%1')",
        "string.gsub('xy', '(x)(y', {x = 1})",
        "string.gsub('hello world', '%w+', '%0 %0', 1)",
        "string.gsub('abc', '', '-')",
        "string.gsub('abc', '^a', '-')",
        "string.gsub('abc', '$', '-')",
        "string.match('key = value', '^(%w+)%s*=%s*(%w+)$')",
        "string.match('  trim me  ', '^%s*(.-)%s*$')",
        "string.find('a.b', '.', 1, true)",
        "string.find('a)b', ')')",
        "string.match('a)b', ')')",
        "string.find(('x'):rep(300), ('x?'):rep(150))",
        "string.find(('x'):rep(300), ('x-'):rep(201))",
        "string.find('', ('x?'):rep(250))",
        "string.find('x', ('()'):rep(33))",
        "string.find(('a'):rep(50) .. 'b', ('a'):rep(50) .. 'b')",
        "string.match(('<a>'):rep(2000), '<(.-)>$')",
        "string.match(('<a>'):rep(2000), '^<(.-)>$')",
        "#string.match((' '):rep(3000) .. ('x y '):rep(3000), '^%s*(.-)%s*$')",
        "select(2, string.gsub(('a=b; '):rep(1000), '(%w+)=(%w+)', '%2=%1'))",
    ],
)
def test_a_call_is_answered_as_by_lua(pair: Pair, matcher: Pair, code: str) -> None:
    same(pair, code.encode())
    same(matcher, code.encode())


def test_a_method_call_counts_its_arguments_as_lua_does(pair: Pair) -> None:
    code = b"(function() getmetatable('').__index = string; local found = {('x'):find({})}; return found end)()"
    try:
        same(pair, code)
    finally:
        pair.lua.execute(b"getmetatable('').__index = string")


@pytest.mark.parametrize(
    "code",
    [
        "string.find(('a'):rep(29), ('a?'):rep(29) .. ('a'):rep(29))",
        "string.find(('a'):rep(28), ('a-'):rep(12) .. 'b')",
        "string.match(('a'):rep(28), ('a*'):rep(20) .. 'b')",
        "string.gsub(('a'):rep(28), ('a-'):rep(12) .. 'b', 'c')",
        "string.gsub(('a'):rep(28), ('a-'):rep(12) .. 'b', function() end)",
        "string.gmatch(('a'):rep(28), ('a-'):rep(12) .. 'b')()",
        "string.find(('a'):rep(1000000), '.-.-b')",
        "string.find(('a'):rep(1000000), '(.*)%1b')",
        "string.find(('('):rep(1000000), '%b()')",
        "string.find(('a'):rep(1000000), ('a'):rep(100000) .. 'b')",
        "string.find(('a'):rep(1000000), ('a'):rep(100000) .. 'b', 1, true)",
        "string.match(('a'):rep(1000000), ('a'):rep(100000) .. 'b')",
        "string.find(('a'):rep(100000), '[' .. ('b'):rep(100000) .. ']')",
        "string.find('a', ('a*'):rep(1000000) .. 'b')",
    ],
)
def test_a_runaway_search_stops_within_100_ms(pair: Pair, code: str) -> None:
    call = pair.both(code.encode())
    pair.limits[b"steps"] = SHORT
    seconds = []
    try:
        for _ in range(3):
            started = time.process_time()
            ok, message = call(pair.ours)[:2]
            seconds.append(time.process_time() - started)
            assert ok is False
            assert message.startswith(b"fatal: pattern matching needs more than 100000 steps")
    finally:
        pair.limits[b"steps"] = STEPS
    assert min(seconds) < 0.1


def test_long_texts_with_ordinary_patterns_are_searched(pair: Pair) -> None:
    for code in (
        "select(2, string.gsub(('word '):rep(100000), '%w+', 'x'))",
        "#string.gsub(('word '):rep(50000) .. ' ', '%s+$', '')",
        "string.find(('word '):rep(100000) .. 'needle', 'needle')",
        "string.find(('word '):rep(100000) .. '<x>', '<(.-)>')",
        "string.find(('a'):rep(2000000) .. ('b'):rep(50), 'a' .. ('b'):rep(50), 1, true)",
        "string.match(('k: v\\n'):rep(20000) .. 'last=1', '(%l+)=(%d)')",
    ):
        same(pair, code.encode())


def test_some_searches_end_that_lua_would_not_end(pair: Pair) -> None:
    for code in ("string.find(('a'):rep(1000000), 'a*b')", "string.find((' '):rep(1000000) .. 'x', '()%s+$')"):
        assert pair.ours_alone(code.encode()) == (True, b"nil")


def test_a_replacing_function_may_yield(pair: Pair) -> None:
    code = b"""function(string, subject, pattern)
        local task = coroutine.wrap(function() return (string.gsub(subject, pattern, coroutine.yield)) end)
        local seen = {}
        local value = task()
        while value and #seen < 3 do
          seen[#seen + 1] = value
          value = task(string.gsub(value, '.-(.)$', '%1%1'))
        end
        return table.concat(seen, ','), value
    end"""
    run = pair.lua.eval(code)
    assert run(pair.ours, b"ab cd ef", b"%w+") == (b"ab,cd,ef", b"bb dd ff")
    assert run(pair.ours, b"ab cd ef" + b" " * 9000, b"%w+%s-%f[%z ]")[0] == b"ab,cd,ef"


def test_a_replacing_function_may_search_itself(matcher: Pair) -> None:
    inner = b"function(a, d) return string.gsub(d, '%d', a) .. string.match(a, '.') end"
    same(matcher, b"string.gsub('a1 b2', '(%a)(%d)', " + inner + b")")


def test_the_limit_is_read_at_each_call_and_counts_for_that_call(pair: Pair) -> None:
    many = b"(function() for _ = 1, 50 do string.find(('ab'):rep(60), '.-a.-b.-a.-c') end return 'done' end)()"
    small = b"(function() for _ = 1, 50 do string.find(('ab'):rep(6), ('a?'):rep(12) .. 'c') end return 'done' end)()"
    assert pair.ours_alone(many)[0] is False
    assert pair.ours_alone(small) == (True, b"done")
    pair.limits[b"steps"] = 100
    try:
        assert pair.ours_alone(b"string.find(('ab'):rep(60), '.-a.-b.-a.-c')")[0] is False
    finally:
        pair.limits[b"steps"] = STEPS


def test_no_global_is_read_after_loading(pair: Pair) -> None:
    assert list(pair.reads) == []
