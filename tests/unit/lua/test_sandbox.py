"""Scripts cannot get out of the sandbox: nothing that escapes, no address, no Python, and nothing of the prelude."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import actorflow.language.lua
from actorflow.errors import Error, Failure, not_found
from actorflow.language.lua import LuaLanguage
from tests.unit.lua.world import World

Run = Callable[..., Any]
LEAK = re.compile(
    r"0x[0-9a-f]{6}|Traceback|\.py\b|<.* object at|prelude|lupa|PyObject|_ENV|KeyError|TypeError|AttributeError"
)


@pytest.mark.parametrize(
    "name",
    [
        "load",
        "loadstring",
        "dofile",
        "loadfile",
        "collectgarbage",
        "debug",
        "io",
        "package",
        "python",
        "rawlen",
        "warn",
        "utf8",
    ],
)
def test_what_is_not_there(run: Run, name: str) -> None:
    assert run(f"return function() return type({name}) .. type(_G.{name}) end") == "nilnil"


@pytest.mark.parametrize(
    "escape",
    [
        "os.execute('true')",
        "os.exit()",
        "os.getenv('HOME')",
        "os.remove('x')",
        "string.dump(print)",
        "coroutine.close(coroutine.create(print))",
        "getmetatable('').__index.rep",
        "getmetatable(string).__index",
        "getmetatable(_G).__index",
        "getmetatable(channel.new()).__index",
        "getmetatable(errors.new('x')).__index",
        "setmetatable(string, {})",
        "setmetatable(_G, {})",
        "setmetatable(channel.new(), {})",
        "setmetatable('', {})",
        "rawset(string, 'x', 1)",
        "rawset(channel.new(), 'x', 1)",
        "rawget(channel.new(), 1)",
        "string.format('%p', {})",
        "string.format('%-20p', print)",
        "table.insert(string, 1)",
        "table.insert(channel.new(), 1)",
        "table.sort(channel.new())",
        "table.move(channel.new(), 1, 2, 3)",
        "next(channel.new())",
        "pairs(channel.new())",
        "require('io')",
        "require('debug')",
        "coroutine.yield(1)",
        "errors.new({message = 'x', details = errors.new('y')})",
        "channel.select(errors.new('x'))",
        "load('return 1')()",
        "loadstring('return 1')()",
        "dofile('/etc/passwd')",
        "collectgarbage()",
        "debug.sethook()",
        "debug.getregistry()",
        "debug.getupvalue(print, 1)",
        "python.eval('1')",
        "python.builtins.open('x')",
        "package.loadlib('x', 'y')",
        "io.popen('true')",
        "require('_G.debug')",
        "require('package')",
        "require('python')",
        "require('../secret')",
        "_ENV.string.rep()",
        "rawset(_G.string, 'rep', print)",
        "setmetatable(errors.new('x'), {})",
        "rawset(errors.new('x'), 'kind', print)",
        "rawget(errors.new('x'), 'message')",
        "setmetatable(process.inbox(), {})",
        "getmetatable(process.inbox()).__index.receive()",
        "setmetatable(setmetatable({}, {__metatable = 'locked'}), {})",
        "string.format('%99999999d', 1)",
        "string.format('%.9999f', 1)",
        "string.format('%*d', 1, 1)",
        "string.pack('i17', 1)",
        "string.unpack('s8', ('\\255'):rep(8))",
        "coroutine.resume(1)",
        "coroutine.wrap(1)",
        "coroutine.status({})",
        "coroutine.isyieldable()",
        "coroutine.wrap(coroutine.yield)(coroutine.close(1))",
    ],
)
def test_an_escape_is_refused(run: Run, escape: str) -> None:
    source = f"return function() local ok, problem = pcall(function() return {escape} end) return {{ok, tostring(problem)}} end"
    ok, problem = run(source)
    assert ok is False
    assert problem.startswith("app:script:1: ") or "bad argument" in problem or "nil value" in problem, problem
    assert not LEAK.search(problem), problem


def test_finalizers_and_weak_tables_have_no_effect(run: Run) -> None:
    source = """
    return function()
      local ran = 0
      local meta = {__mode = "k", __gc = function() ran = ran + 1 end, __index = {kept = true}}
      local cache = setmetatable({}, meta)
      cache[{}] = 1
      for i = 1, 200000 do setmetatable({}, {__gc = function() ran = ran + 1 end}) end
      return {ran, next(cache) ~= nil, cache.kept, getmetatable(cache) == meta}
    end"""
    assert run(source) == [0, True, True, True]


@pytest.mark.parametrize(
    "assignment",
    ["string.rep = 1", "table.x = 1", "process.event.EXIT = 1", "math.pi = 3", "os.x = 1", "errors.INVALID = 1"],
)
def test_the_libraries_are_read_only(run: Run, assignment: str) -> None:
    ok, problem = run(
        f"return function() local ok, problem = pcall(function() {assignment} end) return {{ok, problem}} end"
    )
    assert ok is False
    assert problem.startswith("app:script:1: attempt to modify read-only table")


def test_a_global_of_one_process_is_none_of_another(lua: LuaLanguage) -> None:
    World().start(lua, "return function() pairs = nil tostring = print string = {} shared = 1 _G.next = 7 end")
    machine = World().start(
        lua, "return function() return tostring(shared) .. ('x'):rep(2) .. type(pairs) .. type(next) end"
    )
    assert machine.outcome is not None
    assert machine.outcome.unwrap() == "nilxxfunctionfunction"


def test_two_processes_of_one_program_have_their_own_globals(lua: LuaLanguage) -> None:
    source = "return function() count = (count or 0) + 1 return count end"
    assert [World().start(lua, source).outcome for _ in range(2)] == [World().start(lua, source).outcome] * 2


@pytest.mark.parametrize(
    "source",
    [
        "end local function f() ",
        "return 1 end, print('out'), function() return 2",
        "end end",
        "end; _ENV = nil; do",
        "return function() end end do",
        "--[[",
        "local x = [==[",
        "goto out",
        "break",
        "\x1bLua",
    ],
)
def test_a_chunk_cannot_close_what_is_around_it(lua: LuaLanguage, source: str) -> None:
    with pytest.raises(Error, match=r"app:script: (s\.lua:\d+:|attempt to load a binary chunk)") as caught:
        World().start(lua, source)
    assert caught.value.kind == "Invalid"


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("local _ENV = {tostring = tostring} return function() return tostring(print) end", "nil"),
        ("_ENV = {} return function() return x end", None),
        ("-- a comment at the end", "NotFound"),
        ("return function() local a <const> = 1 return a end --", 1),
    ],
)
def test_odd_chunks_are_only_odd(lua: LuaLanguage, source: str, result: Any) -> None:
    outcome = World().start(lua, source).outcome
    assert outcome is not None
    if result == "NotFound":
        assert outcome.failure is not None
        assert outcome.failure.kind == "NotFound"
    else:
        assert outcome.unwrap() == result


@pytest.mark.parametrize("value", ["{}", "print", "coroutine.create(print)", "function() end", "setmetatable({}, {})"])
@pytest.mark.parametrize("shown", ["tostring(x)", "string.format('%s', x)", "string.format('%q', tostring(x))"])
def test_no_address_shows(run: Run, value: str, shown: str) -> None:
    text = run(f"return function() local x = {value} return {shown} end")
    assert not LEAK.search(text), text


@pytest.mark.parametrize(
    "value", ["{}", "print", "coroutine.create(print)", "setmetatable({}, {__tostring = error})", "nil", "true"]
)
def test_an_error_that_is_no_text_shows_no_address(lua: LuaLanguage, value: str) -> None:
    outcome = World().start(lua, f"return function() error({value}) end").outcome
    assert outcome is not None
    assert isinstance(outcome.failure, Failure)
    assert not LEAK.search(str(outcome.failure)), outcome.failure


def test_what_tostring_shows_is_the_same_in_every_process(lua: LuaLanguage) -> None:
    source = "return function() local t = {} return tostring(print) .. tostring(t) .. tostring(channel.new()) .. tostring(t) end"
    shown = {World().start(lua, source).outcome.value for _ in range(3)}  # type: ignore[union-attr]
    assert len(shown) == 1


def test_the_key_of_private_data_does_not_get_out(run: Run) -> None:
    source = """
    return function()
      local seen = {}
      local spy = setmetatable({}, {__index = function(_, key) seen[#seen + 1] = type(key) end,
        __newindex = function(_, key) seen[#seen + 1] = type(key) end, __len = function() return 0 end})
      for name, module in pairs({process = process, channel = channel, errors = errors, funcs = funcs, json = json,
        time = time, payload = payload, string = string, table = table, math = math, os = os, uuid = uuid}) do
        for _, f in pairs(module) do
          if type(f) == "function" then
            coroutine.spawn(function() pcall(f, spy, spy, spy) end)
            coroutine.spawn(function() pcall(f, {spy}, spy) end)
          end
        end
      end
      for _, object in ipairs({channel.new(), errors.new("x"), time.now(), payload.new(1), process.with_options({})}) do
        pcall(function() return object == spy end)
        pcall(function() return object < spy end)
        pcall(function() return object .. spy end)
        for _, name in ipairs({"send", "kind", "add", "data", "spawn"}) do
          pcall(function() return object[name](spy, spy) end)
        end
      end
      for _, kind in ipairs(seen) do assert(kind ~= "table", "a key got out") end
      return "safe"
    end"""
    assert run(source) == "safe"


ARGUMENTS = (
    *(
        "nil",
        "true",
        "0",
        "-1",
        "1 << 63",
        "2 ^ 53",
        "0 / 0",
        "1 / 0",
        "''",
        "'\\xff'",
        "'@pid/inbox'",
        "'app:x'",
        "'%'",
    ),
    *(
        "'%s%d%q'",
        "('x'):rep(5000)",
        "'[[[['",
        "{}",
        "{1, 2, 3}",
        "{a = {b = {}}}",
        "{[1.5] = 1}",
        "{f = print}",
        "print",
    ),
    *(
        "loop",
        "deep",
        "error",
        "coroutine.create(print)",
        "channel.new()",
        "errors.new('e')",
        "time.now()",
        "string",
        "_G",
    ),
    *(
        "setmetatable({}, {__index = error})",
        "setmetatable({}, {__len = function() return 1 << 62 end})",
        "spy",
        "'5s'",
    ),
    *("process", "setmetatable({}, {__tostring = function() return {} end})", "process.inbox()", "payload.new(print)"),
)
OBJECTS = """
{channel.new(), errors.new("x"), time.now(), time.parse_duration("1s"), payload.new(1),
    process.with_options({}), funcs.new(), time.timer("1s"), logger, text.regexp.compile("(a+)+"), text.diff.new(),
    text.splitter.recursive(), text.splitter.markdown(), store.get("app:s"), sql.get("app:d"), registry.snapshot(),
    registry.history(), security.policy("app:p"), security.token_store("app:t"), security.new_actor("x", {}),
    security.new_scope(), pg.open("app:g"), time.ticker("1s")}
"""
FUZZ = """
local deep, loop = {}, {}
for _ = 1, 100 do deep = {deep} end
loop.loop = loop
local spy = setmetatable({}, {__index = function(t, k) return k end, __newindex = function() error("no") end,
  __call = function(...) return ... end, __pairs = function() return next, {}, nil end})
local functions = {}
local function add(name, thing, depth)
  if name == "coroutine.spawn" then return end -- what it starts ends the process with its errors
  if type(thing) == "function" then functions[#functions + 1] = {name, thing}
  elseif type(thing) == "table" and depth < 3 then
    for key, value in pairs(thing) do add(name .. "." .. tostring(key), value, depth + 1) end
  end
end
for _, name in ipairs({%(names)s}) do add(name, _G[name], 1) end
local objects = %(objects)s
for i, names in ipairs({%(methods)s}) do
  for _, name in ipairs(names) do functions[#functions + 1] = {"method " .. name, objects[i][name], objects[i]} end
end
return function()
  local said = {}
  local function try(choice, ...)
    local entry = functions[choice %% #functions + 1]
    local arguments = table.pack(...)
    coroutine.spawn(function()
      local results
      if entry[3] and choice %% 3 > 0 then results = table.pack(pcall(entry[2], entry[3], table.unpack(arguments, 1, arguments.n)))
      else results = table.pack(pcall(entry[2], table.unpack(arguments, 1, arguments.n))) end
      for i = 2, math.min(results.n, 5) do
        local ok, text = pcall(tostring, results[i])
        said[#said + 1] = entry[1] .. ": " .. text:sub(1, 300)
      end
    end)
  end
%(calls)s
  return said
end
"""
LISTED = tuple(sorted(LuaLanguage.modules))
"""Every module that an entry may list."""
BASE = (
    *("assert", "error", "getmetatable", "ipairs", "next", "pairs", "pcall", "rawequal", "rawget", "rawset", "require"),
    *(
        "select",
        "setmetatable",
        "subscribe",
        "tonumber",
        "tostring",
        "type",
        "unpack",
        "unsubscribe",
        "xpcall",
        "print",
    ),
    *("channel", "coroutine", "errors", "math", "os", "payload", "process", "string", "table", *LISTED),
)
OPENING = frozenset(
    {
        *("store.open", "sql.open", "registry.version", "security.policy", "security.token_store"),
        "pg.open",
    }
)


def methods_of(lua: LuaLanguage) -> str:
    """Return the names of the methods of each object: of every name that a function of the prelude has, those it has."""
    folder = Path(actorflow.language.lua.__file__).parent / "prelude"
    text = "\n".join(file.read_text() for file in sorted(folder.glob("*.lua")))
    found = re.findall(r"function [\w.]+[.:](\w+)\(|\b([a-z_]+) = (?:function|[0-9])", text)
    names = ", ".join(f'"{name}"' for name in sorted({one or other for one, other in found}))
    source = f"""
    return function()
      local all = {{}}
      for i, object in ipairs({OBJECTS}) do
        all[i] = {{}}
        for _, name in ipairs({{{names}}}) do
          local ok, method = pcall(function() return object[name] end)
          if ok and type(method) == "function" then table.insert(all[i], name) end
        end
      end
      return all
    end"""
    outcome = Refusing().start(lua, source, modules=LISTED).outcome
    assert outcome is not None
    methods = outcome.unwrap()
    assert sum(len(each) for each in methods) > METHODS
    return ", ".join("{" + ", ".join(f'"{name}"' for name in each) + "}" for each in methods)


METHODS = 120
"""There are more of them; fewer would mean that this looks in the wrong place."""
CALLS = 5_000
SHARES = 5
"""Of the many calls, which together are twenty times as many."""


class Refusing(World):
    """A world whose node lets everything be opened, and offers no other operations."""

    def perform(self, ref: int, operation: str, args: tuple[Any, ...]) -> Any:
        if operation == "upgrade":
            return super().perform(ref, operation, args)
        if operation in OPENING:
            return True
        raise not_found(f"{operation} is not here")


CALLS_EACH = 50


def test_hostile_calls_leak_nothing_and_break_nothing(lua: LuaLanguage, seed: int) -> None:
    hostile_calls(lua, seed, CALLS)


@pytest.mark.slow
@pytest.mark.parametrize("share", range(SHARES))
def test_many_more_hostile_calls_do_not_either(lua: LuaLanguage, seed: int, share: int) -> None:
    hostile_calls(lua, seed + 1 + share, 20 * CALLS // SHARES)


def hostile_calls(lua: LuaLanguage, seed: int, count: int) -> None:
    draw = random.Random(seed)
    names, methods = ", ".join(f'"{name}"' for name in BASE), methods_of(lua)
    texts: list[str] = []
    killed = 0
    for _ in range(count // CALLS_EACH):
        calls = "\n".join(
            f"  try({', '.join([str(draw.randrange(1 << 30)), *draw.choices(ARGUMENTS, k=draw.randrange(4))])})"
            for _ in range(CALLS_EACH)
        )
        world = Refusing()
        machine = world.start(
            lua,
            FUZZ % {"names": names, "objects": OBJECTS, "methods": methods, "calls": calls},
            modules=LISTED,
            options={"limits": {"slice": {"kill": 50_000_000}}},
        )
        assert machine.outcome is not None, machine.waits()
        failure = machine.outcome.failure
        if failure is not None:
            assert failure.kind == "Resource" or "upgrade" in failure.message, failure
            killed += 1
            texts.append(failure.message + failure.stack)
        else:
            texts.extend(text if isinstance(text, str) else repr(text) for text in machine.outcome.value)
        texts.extend(text for _, text, _ in world.notes)
    assert killed < count // CALLS_EACH // 3
    assert len(texts) > count // 2
    assert not [text for text in texts if LEAK.search(text)]
    after = World().start(lua, "return function() return ('abc'):upper() .. #{1, 2} end").outcome
    assert after is not None
    assert after.unwrap() == "ABC2"
