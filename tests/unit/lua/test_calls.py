"""What script calls ask of the machine, and what they answer."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from actorflow.errors import INTERNAL, Error, Failure, not_found
from actorflow.language.lua import LuaLanguage
from actorflow.message import Message, exit_event
from tests.unit.lua.world import CHILD, NOW, PID, POSTABLE, World, waiting

Run = Callable[..., Any]


def result(world: World) -> Any:
    assert world.machine.outcome is not None, "the script waits"
    return world.machine.outcome.unwrap()


# ---- processes -------------------------------------------------------------------------------------------------------


def test_identity(run: Run) -> None:
    assert run("return function() return {process.pid(), process.id()} end") == [PID, "app:script"]


@pytest.mark.parametrize(
    ("verb", "monitor", "link"),
    [
        ("spawn", False, False),
        ("spawn_monitored", True, False),
        ("spawn_linked", False, True),
        ("spawn_linked_monitored", True, True),
    ],
)
def test_spawn(lua: LuaLanguage, world: World, verb: str, monitor: bool, link: bool) -> None:  # noqa: FBT001
    world.start(lua, f"return function() return process.{verb}('app:child', 'app:host', 1, {{x = 2}}) end")
    assert result(world) == CHILD
    _, _, request = world.asked[0]
    assert (request.entry, request.host, request.args) == ("app:child", "app:host", (1, {"x": 2}))
    assert (request.monitor, request.link) == (monitor, link)


def test_spawner(lua: LuaLanguage, world: World) -> None:
    source = """
    return function()
      local base = process.with_context({user = "u"})
      local one = base:with_name("n"):with_options({workflow = {id = "w"}}):with_message("t", 1, "two"):with_message("v")
      one:with_options({["workflow.id"] = "other", x = 1})
      return one:spawn_monitored("app:child", "app:flows", "arg")
    end"""
    world.start(lua, source)
    assert result(world) == CHILD
    _, _, request = world.asked[0]
    assert (request.name, request.options, request.args) == ("n", {"workflow": {"id": "w"}}, ("arg",))
    assert request.messages == (("t", (1, "two")), ("v", ()))
    assert request.context["user"] == "u"
    assert request.monitor


def test_spawner_runs_and_waits(lua: LuaLanguage, world: World) -> None:
    world.answers["app:child"] = {"total": 3}
    world.start(lua, "return function() return process.with_options({x = 1}):exec('app:child', 'app:host', 5) end")
    assert result(world) == {"total": 3}
    assert world.asked[0][0] == "exec"
    assert world.asked[0][2].args == (5,)


def test_too_few_arguments_of_spawn_are_an_error_value(run: Run) -> None:
    source = "return function() local pid, err = process.spawn('app:child') return {pid == nil, err:kind()} end"
    assert run(source) == [True, "Invalid"]


@pytest.mark.parametrize(
    "call", ["process.with_context({[1] = 2})", "process.with_context(1)", "process.with_options('x')"]
)
def test_a_spawner_of_wrong_things_raises(run: Run, call: str) -> None:
    assert run(f"return function() return (pcall(function() return {call} end)) end") is False


def test_send(lua: LuaLanguage, world: World) -> None:
    world.answers["nobody"] = not_found("could not resolve 'nobody' as PID or registered name")
    source = """
    return function()
      local gone, err = process.send("nobody", "t", 1)
      local at, problem = process.send("x", "@pid/inbox")
      local empty, fault = process.send("x", "")
      return {process.send("x", "t", 1, "two", {3}), gone == nil, err:kind(), at == nil, problem:kind(), empty == nil, fault:kind()}
    end"""
    world.start(lua, source)
    assert result(world) == [True, True, "NotFound", True, "Invalid", True, "Invalid"]
    assert [asked[2:] for asked in world.asked if asked[2] == "x"] == [("x", "t", (1, "two", [3]))]


def test_control(lua: LuaLanguage, world: World) -> None:
    source = """
    return function()
      local p = "{n@h|1}"
      return {process.monitor(p), process.unmonitor(p), process.link(p), process.unlink(p), process.cancel(p, "why"),
        process.cancel(p), process.terminate(p)}
    end"""
    world.start(lua, source)
    assert result(world) == [True] * 7
    assert [asked[0] for asked in world.asked] == [
        "monitor",
        "unmonitor",
        "link",
        "unlink",
        "cancel",
        "cancel",
        "terminate",
    ]
    assert world.asked[4][3] == "why"
    assert world.asked[5][3] in {None, ""}


def test_names(lua: LuaLanguage, world: World) -> None:
    world.answers["gone"] = not_found("name not registered")
    world.answers["process.registry.register"] = Error("STRONG registry not available", INTERNAL)
    source = """
    return function()
      local r = process.registry
      local pid, err = r.lookup("gone")
      local far, problem = r.register("n", nil, r.STRONG)
      return {r.register("n"), r.register("n", "{n@h|1}"), r.lookup("n"), r.unregister("n"), pid == nil, err:kind(), far == nil,
        problem:kind(), r.LOCAL, r.EVENTUAL, r.CONSISTENT, r.STRONG}
    end"""
    world.start(lua, source)
    assert result(world) == [True, True, PID, True, True, "NotFound", True, "Internal", 0, 1, 2, 3]


def test_options(run: Run) -> None:
    source = """
    return function()
      local before = process.get_options().trap_links
      local ok, none = process.set_options({trap_links = true})
      local bad, err = process.set_options({upgrade_me = true})
      return {before, ok, none == nil, process.get_options().trap_links, bad, err:kind(), err:message()}
    end"""
    answer = run(source)
    assert answer[:6] == [False, True, True, True, False, "Invalid"]
    assert "upgrade_me" in answer[6]
    assert "not supported" in answer[6]


def test_event_words(run: Run) -> None:
    source = "return function() local e = process.event return {e.CANCEL, e.EXIT, e.LINK_DOWN} end"
    assert run(source) == ["pid.cancel", "pid.exit", "pid.link.down"]


# ---- messages --------------------------------------------------------------------------------------------------------


def test_a_message_has_methods_and_answers_from_its_only_table(lua: LuaLanguage, world: World) -> None:
    source = """
    return function()
      local inbox, seen = process.inbox(), {}
      for i = 1, 4 do
        local msg = inbox:receive()
        local payload = msg:payload()
        local data = "none"
        if payload ~= nil then data = type(payload) == "table" and payload[2]:data() or payload:data() end
        seen[i] = {msg:topic(), msg:from(), data, msg.approved == nil and "nil" or msg.approved, type(msg)}
      end
      return seen
    end"""
    world.start(lua, source)
    for payloads in [(), ({"approved": True, "topic": 9},), ("a", "b"), (7,)]:
        world.machine.deliver(Message("t", CHILD, payloads))
        world.machine.run(-1)
    table = {"approved": True, "topic": 9}
    assert result(world) == [
        ["t", CHILD, "none", "nil", "userdata"],
        ["t", CHILD, table, True, "userdata"],
        ["t", CHILD, "b", "nil", "userdata"],
        ["t", CHILD, 7, "nil", "userdata"],
    ]


def test_a_listener_gets_values_or_messages(lua: LuaLanguage, world: World) -> None:
    source = """
    return function()
      local values, messages = process.listen("v"), process.listen("m", {message = true})
      local v, m, n = values:receive(), messages:receive(), values:receive()
      local bad, err = process.listen("@x")
      return {v, m:topic(), m:payload():data(), n == nil, values == process.listen("v"), bad == nil, err:kind()}
    end"""
    world.start(lua, source)
    for topic, payloads in [("v", ({"x": [1]},)), ("m", (2,)), ("v", ())]:
        world.machine.deliver(Message(topic, "", payloads))
        world.machine.run(-1)
    assert result(world) == [{"x": [1]}, "m", 2, True, True, True, "Invalid"]


def test_mailbox_channels_are_one_object_each(run: Run) -> None:
    source = """
    return function()
      local ch = process.inbox()
      local listened = process.listen("t")
      local done = process.unlisten(listened)
      local again, err = process.unlisten(listened)
      return {ch == process.inbox(), process.events() == process.events(), done, again, err ~= nil,
        listened == process.listen("t"), select(2, listened:receive())}
    end"""
    assert run(source) == [True, True, True, False, True, False, False]


def test_events_have_both_spellings(lua: LuaLanguage, world: World) -> None:
    source = """
    return function()
      for event in process.events():iter() do
        return {event.kind, event.type, event.from, event.pid, event.result.error:kind(), event.result.error:message()}
      end
    end"""
    world.start(lua, source)
    world.machine.event(exit_event(CHILD, NOW, None, Failure("boom", "Conflict")))
    world.machine.run(-1)
    assert result(world) == ["pid.exit", "EXIT", CHILD, CHILD, "Conflict", "boom"]


def test_subscribe_binds_a_channel_to_a_topic(lua: LuaLanguage, world: World) -> None:
    source = """
    return function()
      local ch = channel.new(4)
      subscribe("t", ch)
      local v = ch:receive()
      return {v, unsubscribe(ch)}
    end"""
    world.start(lua, source)
    world.machine.deliver(Message("t", "", ("x",)))
    world.machine.run(-1)
    assert result(world) == ["x", True]


# ---- channels --------------------------------------------------------------------------------------------------------


def test_channels_carry_anything_by_reference(run: Run) -> None:
    source = """
    return function()
      local ch, t, f = channel.new(8), {1}, function() return 5 end
      for _, v in ipairs({1, 1.5, "s", "\\xff", true, false}) do ch:send(v) end
      local out = {}
      for i = 1, 6 do out[i] = ch:receive() end
      ch:send(t) ch:send(f) ch:send(nil) ch:send(ch)
      local a, b = ch:receive(), ch:receive()
      local c, ok = ch:receive()
      local d = ch:receive()
      ch:close() ch:close()
      local e, open = ch:receive()
      return {out[1], out[2], out[3], #out[4], out[5], out[6], a == t, b(), c == nil, ok, d == ch, e == nil, open,
        math.type(out[1]), (pcall(ch.send, ch, 1)), ch ~= channel.new()}
    end"""
    assert run(source) == [1, 1.5, "s", 1, True, False, True, 5, True, True, True, True, False, "integer", False, True]


def test_select_takes_the_first_ready_case_and_names_it(run: Run) -> None:
    source = """
    return function()
      local a, b, c = channel.new(1), channel.new(1), channel.new(1)
      local none = channel.select({a:case_receive(), default = true})
      local also = channel.select({a:case_receive()}, true)
      b:send({"x"})
      c:send("later")
      local r = channel.select({a:case_receive(), b:case_receive(), c:case_receive(), 42})
      local s = channel.select({a:case_send("sent"), default = true})
      b:close()
      local d = channel.select{b:case_receive()}
      return {none.default, none.ok, also.default, r.channel == b, r.value[1], r.ok, s.channel == a, s.value, s.ok,
        a:receive(), d.ok, d.value == nil, d.channel == b}
    end"""
    assert run(source) == [True, True, True, True, "x", True, True, "sent", True, "sent", False, True, True]


def test_select_over_the_inbox_gives_whole_messages(lua: LuaLanguage, world: World) -> None:
    source = """
    return function()
      local inbox, done = process.inbox(), channel.new()
      local seen = {}
      for i = 1, 3 do
        local picked = channel.select({done:case_receive(), inbox:case_receive()})
        seen[i] = {picked.value:topic(), picked.value:from(), picked.value:payload():data(), picked.channel == inbox}
      end
      return seen
    end"""
    world.start(lua, source)
    payloads = ["x", {"a": [1]}, 2.5]
    for payload in payloads:
        world.machine.deliver(Message("t", CHILD, (payload,)))
        world.machine.run(-1)
    assert result(world) == [["t", CHILD, payload, True] for payload in payloads]


def test_a_spawned_coroutine_runs_first_and_waits_for_itself_alone(run: Run) -> None:
    source = """
    return function()
      local seen, ch = {}, channel.new()
      local co = coroutine.spawn(function()
        seen[#seen + 1] = "new"
        local v = ch:receive()
        seen[#seen + 1] = v
      end)
      seen[#seen + 1] = "old"
      ch:send("value")
      time.sleep(0)
      return {seen, type(co)}
    end"""
    seen, kind = run(source)
    assert seen[:2] == ["new", "old"]
    assert kind == "thread"


def test_calls_pass_through_coroutines_pcall_iterators_and_metamethods(lua: LuaLanguage, world: World) -> None:
    world.answers["app:f"] = 5
    source = """
    return function()
      local call = function() return funcs.call("app:f") end
      local co = coroutine.wrap(function()
        local inner = coroutine.wrap(function()
          local ok, v = pcall(call)
          coroutine.yield(v)
          return select(2, xpcall(call, print))
        end)
        coroutine.yield(inner() + 1)
        return inner() + 2
      end)
      local t = setmetatable({}, {__index = call, __add = call, __call = call, __lt = function() return call() == 5 end})
      local function iter() return call() end
      local n for v in iter do n = v break end
      local s = ("abc"):gsub("b", function() return call() end)
      return {co(), co(), t.x, t + 1, t(), t < t, n, s}
    end"""
    world.start(lua, source)
    assert result(world) == [6, 7, 5, 5, 5, True, 5, "a5c"]


def test_a_coroutine_in_a_call_is_not_resumed_by_others(lua: LuaLanguage) -> None:
    world = waiting(World(), "app:slow")
    source = """
    return function()
      local co = coroutine.create(function() return funcs.call("app:slow") end)
      coroutine.spawn(function() coroutine.resume(co) end)
      local ok, problem = coroutine.resume(co)
      return {ok, problem, coroutine.status(co)}
    end"""
    world.start(lua, source)
    assert result(world) == [False, "cannot resume coroutine blocked in a system call", "suspended"]


def test_coroutine_library(run: Run) -> None:
    source = """
    return function()
      local co = coroutine.create(function(a) local b = coroutine.yield(a + 1) return b * 2 end)
      local _, x = coroutine.resume(co, 1)
      local _, y = coroutine.resume(co, 10)
      local dead, why = coroutine.resume(co)
      local failed = {coroutine.resume(coroutine.create(function() error("e", 0) end))}
      local inside = coroutine.wrap(function() return type(coroutine.running()) end)()
      return {x, y, coroutine.status(co), dead, why, failed[1], failed[2], inside, coroutine.running() == nil,
        (pcall(coroutine.wrap(function() error("w") end)))}
    end"""
    assert run(source) == [2, 20, "dead", False, "cannot resume dead coroutine", False, "e", "thread", True, False]


# ---- functions -------------------------------------------------------------------------------------------------------


def test_call(lua: LuaLanguage, world: World) -> None:
    world.answers["app:f"] = {"a": [1, 2]}
    world.answers["app:bad"] = Error("no", "Conflict", retryable=False, details={"x": 1})
    source = """
    return function()
      local value, none = funcs.call("app:f", 1, nil, {b = 2})
      local bad, err = funcs.call("app:bad")
      local e = {}
      for i, id in ipairs({"", "noname", ":x", "ns:"}) do e[i] = select(2, funcs.call(id)):kind() end
      return {value.a[2], none == nil, bad == nil, err:kind(), err:retryable(), err:details().x, e}
    end"""
    world.start(lua, source)
    assert result(world) == [2, True, True, "Conflict", False, 1, ["Invalid"] * 4]
    assert world.asked[0] == ("call", 1, "app:f", (1, None, {"b": 2}), {})


def test_executor_is_immutable_and_merges(lua: LuaLanguage, world: World) -> None:
    source = """
    return function()
      local base = funcs.new():with_options({retry = {max_attempts = 2}})
      base:with_options({retry = {max_attempts = 9}})
      base:with_options({other = 1}):call("app:f", 1)
      base:call("app:g")
    end"""
    world.start(lua, source)
    assert world.asked[0][3:] == ((1,), {"retry": {"max_attempts": 2}, "other": 1})
    assert world.asked[1][4] == {"retry": {"max_attempts": 2}}


def test_a_future_delivers_once_and_knows_its_state(lua: LuaLanguage) -> None:
    world = waiting(World(), "app:f")
    source = """
    return function()
      local f = funcs.async("app:f", 1)
      local v, e = f:result()
      local early = {f:is_complete(), f:is_canceled(), v == nil, e == nil}
      local payload, ok = f:response():receive()
      local late = {f:is_complete(), f:result():data(), (select(2, f:error())), f:response() == f:channel(),
        (select(2, f:channel():receive()))}
      return {early, payload:data(), ok, late}
    end"""
    world.start(lua, source)
    world.settle(1, {"x": 1})
    assert result(world) == [[False, False, True, True], {"x": 1}, True, [True, {"x": 1}, False, True, False]]


def test_a_future_that_fails_delivers_the_error(lua: LuaLanguage) -> None:
    world = waiting(World(), "app:f")
    source = """
    return function()
      local f = funcs.async("app:f")
      local err, ok = f:channel():receive()
      local v, problem = f:result()
      local again, has = f:error()
      return {err:kind(), ok, v == nil, problem:message(), again:kind(), has}
    end"""
    world.start(lua, source)
    world.settle(1, failure=Failure("no", "Conflict"))
    assert result(world) == ["Conflict", True, True, "no", "Conflict", True]


def test_a_cancelled_future_closes(lua: LuaLanguage) -> None:
    world = waiting(World(), "app:f")
    source = """
    return function()
      local f = funcs.async("app:f")
      f:cancel()
      local v, err = f:result()
      local w, ok = f:channel():receive()
      return {f:is_canceled(), v == nil, err:kind(), w == nil, ok}
    end"""
    world.start(lua, source)
    assert result(world) == [True, True, "Canceled", True, False]
    assert world.canceled == [1]


# ---- cancellation ----------------------------------------------------------------------------------------------------


def test_a_cancelled_call_is_an_error_value_and_cleanup_may_call(lua: LuaLanguage) -> None:
    world = waiting(World(), "app:slow")
    source = """
    return function()
      local value, err = funcs.call("app:slow")
      funcs.call("app:undo")
      return {value == nil, err:kind(), err:message()}
    end"""
    world.start(lua, source)
    world.cancel_it("enough")
    assert result(world) == [True, "Canceled", "enough"]
    assert world.canceled == [1]
    assert world.asked[-1][2] == "app:undo"


@pytest.mark.parametrize(
    "wait",
    ["time.sleep('1h')", "process.inbox():receive()", "channel.new():send(1)", "process.inbox() channel.select({})"],
)
def test_a_cancelled_wait_raises(lua: LuaLanguage, world: World, wait: str) -> None:
    source = f"return function() local ok, err = pcall(function() {wait} end) return {{ok, err:kind()}} end"
    world.start(lua, source)
    world.cancel_it()
    assert result(world) == [False, "Canceled"]


def test_an_uncaught_cancellation_ends_the_process_as_canceled(lua: LuaLanguage, world: World) -> None:
    world.start(lua, "return function() time.sleep('1h') end")
    world.cancel_it("enough")
    assert world.machine.outcome is not None
    assert world.machine.outcome.failure is not None
    assert world.machine.outcome.failure.kind == "Canceled"


def test_a_process_with_events_gets_an_event_instead(lua: LuaLanguage, world: World) -> None:
    source = "return function() local e = process.events():receive() return {e.kind, e.reason, e.type} end"
    world.start(lua, source)
    world.cancel_it("enough")
    assert result(world) == ["pid.cancel", "enough", "CANCEL"]


# ---- time ------------------------------------------------------------------------------------------------------------


def test_sleep_and_timers(lua: LuaLanguage, world: World) -> None:
    source = """
    return function()
      local t0 = time.now()
      time.sleep("1.5s")
      local at = time.after(2 * time.SECOND):receive()
      local timer = time.timer("1m")
      local stopped, again = timer:stop(), timer:stop()
      timer:reset("3s")
      local fired = timer:response():receive()
      local ticker = time.ticker("1s")
      local tick = ticker:channel():receive()
      ticker:stop()
      return {tostring(at:sub(t0)), at:sub(t0):seconds(), stopped, again, fired:sub(at):seconds(), tick:after(fired)}
    end"""
    world.start(lua, source)
    for _ in range(4):
        world.fire()
    assert [delay for _, delay in world.timers][:5] == [
        1_500_000_000,
        2_000_000_000,
        60_000_000_000,
        3_000_000_000,
        1_000_000_000,
    ]
    assert result(world) == ["3.5s", 3.5, True, False, 3.0, True]


@pytest.mark.parametrize("duration", ["'10'", "'x'", "nil", "{}", "true"])
def test_a_bad_duration_is_an_error_value(run: Run, duration: str) -> None:
    source = f"return function() local _, err = time.sleep({duration}) return {{err:kind(), err:retryable()}} end"
    assert run(source) == ["Invalid", False]
    for call in ("after", "timer", "ticker"):
        source = f"return function() local t, err = time.{call}({duration}) return {{t == nil, err:kind()}} end"
        assert run(source) == [True, "Invalid"]


@pytest.mark.parametrize("duration", ["0", "-1", "'-1s'", "'0s'"])
def test_no_wait_is_no_sleep_and_no_timer(run: Run, duration: str) -> None:
    assert run(f"return function() time.sleep({duration}) return 'on' end") == "on"
    assert run(f"return function() local t, err = time.after({duration}) return {{t == nil, err:kind()}} end") == [
        True,
        "Invalid",
    ]


def test_moments(run: Run) -> None:
    source = """
    return function()
      local t = time.now()
      local u = t:add("90m")
      return {t:unix(), t:unix_nano(), t:format_rfc3339(), u:after(t), u:before(t), t:equal(t:add(0)), u:sub(t):minutes(),
        math.type(t:unix()), t:format("2006-01-02 15:04:05"), t:format(time.RFC1123), t:year(), t:month(), t:day(),
        tostring(t:unix_nano())}
    end"""
    assert run(source) == [
        NOW // 10**9, NOW, "2023-11-14T22:13:20Z", True, False, True, 90.0, "integer", "2023-11-14 22:13:20",
        "Tue, 14 Nov 2023 22:13:20 UTC", 2023, 11, 14, str(NOW),
    ]  # fmt: skip


def test_parse(run: Run) -> None:
    source = """
    return function()
      local t = time.parse(time.RFC3339, "2024-02-29T12:30:45Z")
      local u = time.parse("2006-01-02", "2024-02-29")
      local bad, err = time.parse(time.RFC3339, "yesterday")
      local d = time.parse_duration("1h30m")
      local n, problem = time.parse_duration("10")
      return {t:unix(), u:unix(), bad == nil, err:kind(), tostring(d), d:hours(), d:nanoseconds(), n == nil, problem:kind()}
    end"""
    answer = run(source)
    assert answer == [1709209845, 1709164800, True, "Invalid", "1h30m0s", 1.5, 5_400_000_000_000, True, "Invalid"]


def test_os_time_is_the_process_time(run: Run) -> None:
    source = """
    return function()
      return {os.time(), os.date("!%Y-%m-%d"), os.time({year = 2024, month = 1, day = 1, hour = 0}), os.difftime(5, 3),
        os.date("*t", 0).year, type(os.clock())}
    end"""
    seconds, day, begin, difference, year, clock = run(source)
    assert (seconds, day, begin, difference, year, clock) == (NOW // 10**9, "2023-11-14", 1704067200, 2, 1970, "number")


# ---- the small modules -----------------------------------------------------------------------------------------------


def test_uuid(run: Run) -> None:
    source = """
    return function()
      local dns = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
      return {uuid.v4(), uuid.v7(), uuid.v5(dns, "www.example.com"), uuid.v3(dns, "www.example.com"), uuid.validate(uuid.v4()),
        uuid.validate("x"), (uuid.v4() ~= uuid.v4()), (select(2, uuid.v5("x", "y"))):kind()}
    end"""
    v4, v7, v5, v3, valid, invalid, differ, kind = run(source)
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", v4)
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", v7)
    assert int(v7.replace("-", "")[:12], 16) == NOW // 10**6
    assert v5 == "2ed6657d-e927-568b-95e1-2665a8aea6a2"
    assert v3 == "5df41881-3aed-3515-88a7-2f4a814cf09e"
    assert (valid, invalid, differ, kind) == (True, False, True, "Invalid")


def test_random_is_drawn_and_reproducible(lua: LuaLanguage) -> None:
    source = """
    return function()
      math.randomseed(42)
      local t = {}
      for i = 1, 50 do
        local a, b, c = math.random(), math.random(6), math.random(-3, 3)
        assert(a >= 0 and a < 1 and b >= 1 and b <= 6 and c >= -3 and c <= 3)
        t[i] = b
      end
      return {t, (pcall(math.random, 2, 1)), math.random(math.mininteger, math.maxinteger) ~= nil}
    end"""
    worlds = [World(), World()]
    first, second = (world.start(lua, source).outcome for world in worlds)
    assert first is not None
    assert second is not None
    assert first.unwrap() == second.unwrap()
    assert first.unwrap()[1:] == [False, True]
    assert len(set(first.unwrap()[0])) > 1
    assert worlds[0].asked


@pytest.mark.parametrize(
    ("made", "text"),
    [
        ("{1, 2, {3}}", "[1,2,[3]]"),
        ("{b = 1, a = {c = true}}", '{"a":{"c":true},"b":1}'),
        ("{}", "[]"),
        ("nil", "null"),
        ("'q\"\\\\\\n\\0'", '"q\\"\\\\\\n\\u0000"'),
        ("1.5", "1.5"),
        ("3", "3"),
        ("1/0", "null"),
        ("'ü'", '"ü"'),
    ],
)
def test_json_encode(run: Run, made: str, text: str) -> None:
    assert run(f"return function() return (json.encode({made})) end") == text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": [1, 2.5, "x", true, null]}', {"a": [1, 2.5, "x", True]}),
        ("[]", []),
        ("{}", {}),
        (' "\\u00fc\\ud83d\\ude00\\n" ', "ü😀\n"),
        ("-12", -12),
        ("1e3", 1000.0),
    ],
)
def test_json_decode(run: Run, text: str, value: Any) -> None:
    decoded = run("return function(text) return (json.decode(text)) end", text)
    if isinstance(value, dict) and "a" in value:
        decoded["a"] = [item for item in decoded["a"] if item is not None]
    assert decoded == value


@pytest.mark.parametrize("text", ["", "{", "[1,]", "nul", '"\\x"', "[1] x", "01", '{"a" 1}', "[" * 2000, "\x01", '"a'])
def test_json_that_is_none_is_an_error_value(run: Run, text: str) -> None:
    assert run("return function(t) local v, err = json.decode(t) return {v == nil, type(err)} end", text) == [
        True,
        "userdata",
    ]


def test_json_refuses_what_it_cannot_write(run: Run) -> None:
    for made in (
        "{[1] = 1, x = 2}",
        "{[1] = 1, [3] = 3}",
        "{print}",
        "(function() local t = {} t.t = t return t end)()",
    ):
        source = f"return function() local v, err = json.encode({made}) return {{v == nil, err:kind()}} end"
        assert run(source)[0] is True, made


def test_context(lua: LuaLanguage) -> None:
    world = World(context={"user": {"id": 7}})
    source = """
    return function()
      local none, err = ctx.get("x")
      local empty, problem = ctx.get("")
      return {ctx.get("user").id, none == nil, err:kind(), empty == nil, problem:kind(), ctx.all().user.id}
    end"""
    world.start(lua, source)
    assert result(world) == [7, True, "NotFound", True, "Invalid", 7]


def test_logger(lua: LuaLanguage, world: World) -> None:
    source = """
    return function()
      logger:info("one", {a = 1})
      logger:with({b = 2}):error("two", {c = {3}})
      logger:debug("three", {f = print})
      logger:warn("four")
    end"""
    world.start(lua, source)
    result(world)
    assert [(level, text) for level, text, _ in world.notes] == [
        ("info", "one"),
        ("error", "two"),
        ("debug", "three"),
        ("warn", "four"),
    ]
    assert world.notes[0][2] == {"a": 1, "location": "app:script:2"}
    assert world.notes[1][2] == {"b": 2, "c": [3], "location": "app:script:3"}


def test_payload(run: Run) -> None:
    assert run("return function() return {payload.new({a = 1}):data().a, type(payload.new(1))} end") == [1, "userdata"]


def test_workflow_info_is_nil_outside(run: Run) -> None:
    assert run("return function() return (workflow.info()) == nil end") is True


def test_upgrade_asks_the_driver(lua: LuaLanguage) -> None:
    world = waiting(World(), "upgrade")
    world.start(lua, "return function() process.upgrade('app:next', 1, {x = 2}) end")
    assert world.asked[0][0] == "upgrade"
    assert world.asked[0][2] == ("app:next", 1, {"x": 2})
    again = waiting(World(), "upgrade")
    again.start(lua, "return function() process.upgrade(nil, 1) end")
    assert again.asked[0][2] == (None, 1)


def test_where_a_task_waits(lua: LuaLanguage, world: World) -> None:
    source = "local function deep()\n  channel.new():receive()\nend\nreturn function()\n  coroutine.wrap(deep)()\nend"
    machine = world.start(lua, source)
    assert machine.outcome is None
    assert machine.waits()[0].startswith("s.lua:2 ")


@pytest.mark.parametrize(
    ("payload", "sent"),
    [
        ("7", 7),
        ("7.0", 7.0),
        ("true", True),
        ("'text'", "text"),
        ("'\\255'", b"\xff"),
        ("{a = 1, b = 'x'}", {"a": 1, "b": "x"}),
        ("{1, 2}", [1, 2]),
        ("nil", None),
        ("{}", {}),
        ("{b = '\\255', a = {c = true}}", {"a": {"c": True}, "b": b"\xff"}),
        ("setmetatable({n = 1}, {__index = {m = 2}})", {"n": 1}),
        ("{[1] = 1, x = 2}", {1: 1, "x": 2}),
    ],
)
def test_a_send_that_is_a_delivery_takes_no_op(lua: LuaLanguage, world: World, payload: str, sent: Any) -> None:
    world.start(lua, f"return function() return process.send('{POSTABLE}', 't', {payload}) end")
    assert result(world) is True
    assert world.asked == [("post", POSTABLE, "t", (sent,))]
    assert type(world.asked[0][3][0]) is type(sent)


def test_sends_without_an_op_each_have_the_whole_limit(lua: LuaLanguage, world: World) -> None:
    source = f"""
    return function()
      for i = 1, 8 do
        for j = 1, 300000 do end
        process.send('{POSTABLE}', 't', i)
      end
      return 'done'
    end"""
    world.start(lua, source, options={"limits": {"slice": {"kill": 10_000_000}}})
    assert result(world) == "done"


def test_a_fault_of_ours_in_a_send_is_not_the_scripts_to_catch(lua: LuaLanguage, world: World) -> None:
    def broken(*_operands: Any) -> bool:
        raise ZeroDivisionError

    world.post = broken  # type: ignore[method-assign]
    with pytest.raises(ZeroDivisionError):
        world.start(lua, f"return function() pcall(process.send, '{POSTABLE}', 't', 1); return 'survived' end")
