"""Everything a Lua script can ask, asked once on a process host and once on a workflow host: the same answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.conformance.hosts.place import Place, same


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    made.lua("double", "local function main(x) return 2 * x end", kind="function")
    made.lua("slow", "local function main(x) time.sleep('5ms') return x end", kind="function")
    made.lua(
        "refuse",
        "local function main() return nil, errors.new({message = 'no', kind = 'Conflict', retryable = false}) end",
        kind="function",
    )
    return made


SCRIPTS: dict[str, tuple[str, Any]] = {
    "buffered and closed channels": (
        """
        local ch = channel.new(2)
        ch:send("a") ch:send({1}) ch:close()
        local ok, problem = pcall(ch.send, ch, 1)
        local a, open = ch:receive()
        local b = ch:receive()
        local c, closed = ch:receive()
        return {a, open, b, c == nil, closed, ok, tostring(problem):find("closed") ~= nil}
        """,
        ["a", True, [1], True, False, False, True],
    ),
    "select": (
        """
        local empty, full = channel.new(1), channel.new(1)
        full:send("x")
        local first = channel.select({empty:case_receive(), full:case_receive()})
        local default = channel.select({empty:case_receive(), default = true})
        local sent = channel.select({empty:case_send("y")})
        local timeout = channel.select({full:case_receive(), time.after("2ms"):case_receive()})
        return {first.value, first.channel == full, default.default, sent.ok, sent.value, timeout.ok, type(timeout.value)}
        """,
        ["x", True, True, True, "y", True, "userdata"],
    ),
    "timers": (
        """
        local timer = time.timer("1h")
        local stopped, again = timer:stop(), timer:stop()
        local was = timer:reset("2ms")
        local at = timer:channel():receive()
        local ticker, ticks = time.ticker("2ms"), 0
        while ticks < 3 do ticker:channel():receive() ticks = ticks + 1 end
        return {stopped, again, was, at:after(time.unix(0, 0)), ticks, ticker:stop()}
        """,
        [True, False, False, True, 3, True],
    ),
    "futures": (
        """
        local slow = funcs.async("app:slow", 7)
        local before = {slow:is_complete(), slow:result()}
        local payload, ok = slow:channel():receive()
        local refused = funcs.async("app:refuse")
        local problem = refused:response():receive()
        local canceled = funcs.async("app:slow", 1)
        canceled:cancel()
        return {before[1], before[2] == nil, payload:data(), ok, slow:is_complete(), slow:result():data(), problem:kind(),
          select(2, refused:result()):message(), refused:error():kind(), canceled:is_canceled()}
        """,
        [False, True, 7, True, True, 7, "Conflict", "no", "Conflict", True],
    ),
    "calls": (
        """
        local executor = funcs.new():with_context({tenant = "t"}):with_options({retry = {max_attempts = 1}})
        local none, problem = funcs.call("app:nothing")
        local bad, invalid = funcs.call("nothing")
        return {funcs.call("app:double", 4), executor:call("app:double", 5), none == nil, problem:kind(), bad == nil, invalid:kind()}
        """,
        [8, 10, True, "NotFound", True, "Invalid"],
    ),
    "messages to itself": (
        """
        local self = process.pid()
        local raw = process.listen("raw")
        local whole = process.listen("whole", {message = true})
        process.send(self, "raw", "value")
        process.send(self, "whole", {approved = true}, 2)
        process.send(self, "other", {reason = "r"})
        local a = raw:receive()
        local b = whole:receive()
        local c = process.inbox():receive()
        return {a, b:topic(), b:from() == self, b:payload()[2]:data(), c:topic(), c.reason, c.nothing == nil,
          process.unlisten(raw), (process.unlisten(raw))}
        """,
        ["value", "whole", True, 2, "other", "r", True, True, False],
    ),
    "subscriptions of one's own channels": (
        """
        local ch = channel.new(4)
        subscribe("t", ch)
        process.send(process.pid(), "t", 1)
        local got = ch:receive()
        return {got, unsubscribe(ch), unsubscribe(ch)}
        """,
        [1, True, False],
    ),
    "coroutines three deep": (
        """
        local log = {}
        local function third()
          time.sleep("1ms")
          local ok, problem = pcall(function() time.sleep("1ms") error("deep", 0) end)
          log[#log + 1] = problem
          coroutine.yield(funcs.call("app:double", 3))
          return "end"
        end
        local second = coroutine.wrap(function() local co = coroutine.wrap(third) coroutine.yield(co()) return co() end)
        log[#log + 1] = 0
        local a = second()
        local b = second()
        return {a, b, log[2] or log[1]}
        """,
        [6, "end", "deep"],
    ),
    "tasks": (
        """
        local order, done = {}, channel.new()
        for i = 1, 3 do
          coroutine.spawn(function()
            order[#order + 1] = i
            time.sleep((4 - i) .. "ms")
            order[#order + 1] = -i
            done:send(i)
          end)
        end
        for _ = 1, 3 do done:receive() end
        return order
        """,
        [1, 2, 3, -3, -2, -1],
    ),
    "names and options": (
        """
        local name = "name-of-" .. process.pid()
        local registered = process.registry.register(name)
        local found = process.registry.lookup(name)
        local gone, problem = process.registry.lookup("nobody")
        local set = process.set_options({trap_links = true})
        local refused, why = process.set_options({other = true})
        return {registered, found == process.pid(), process.registry.unregister(name), gone == nil, problem:kind(),
          set, process.get_options().trap_links, refused, why:kind()}
        """,
        [True, True, True, True, "NotFound", True, True, False, "Invalid"],
    ),
    "messages to nobody": (
        """
        local a, first = process.send("nobody", "topic")
        local b, second = process.send(process.pid(), "@pid/inbox")
        local c, third = process.send(1, "topic")
        return {a == nil, first:kind(), b == nil, second:kind(), c == nil, third:kind()}
        """,
        [True, "NotFound", True, "Invalid", True, "Invalid"],
    ),
    "who and when": (
        """
        local now = time.now()
        return {process.id(), process.pid():find("^{") == 1, os.time() == now:unix(), #uuid.v4(), uuid.version(uuid.v7()),
          math.random(1, 1), math.type(math.random(10)), ctx.get("nothing") == nil}
        """,
        [True, True, True, 36, 7, 1, "integer", True],
    ),
    "json": (
        """
        local text = json.encode({b = {1, 2.5, "x"}, a = {}, c = true})
        return {text, json.encode(json.decode(text)), select(2, json.decode("[")):kind()}
        """,
        ['{"a":[],"b":[1,2.5,"x"],"c":true}', '{"a":[],"b":[1,2.5,"x"],"c":true}', "Internal"],
    ),
}


@pytest.mark.parametrize("name", SCRIPTS)
async def test_a_script_gives_the_same_on_both_hosts(place: Place, name: str) -> None:
    source, expected = SCRIPTS[name]
    entry = place.lua("script", f"local function main()\n{source}\nend")
    found = await same(place, (entry,))
    if name == "who and when":
        found[0] = found[0] == entry
    assert found == expected


async def test_libraries_and_chunks_work_on_both_hosts(place: Place) -> None:
    (place.path / "lib.lua").write_text("local lib = {} function lib.twice(f) f() return f() end return lib\n")
    place.entries["lib"] = {"kind": "library.lua", "source": "file://lib.lua"}
    (place.path / "chunk.lua").write_text(
        "local n = ...\nlib.twice(function() time.sleep('1ms') n = n + 1 end)\nreturn {n, require('lib') == lib}\n"
    )
    place.entries["chunk"] = {
        "kind": "process.lua",
        "source": "file://chunk.lua",
        "modules": ["time"],
        "imports": {"lib": "app:lib"},
    }
    assert await same(place, ("app:chunk",), 40) == [42, True]
