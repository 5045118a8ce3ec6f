local assert = require("assert")
local time = require("time")

local HOST = "app.process:host"

local function take(ch, what)
  local result = channel.select{ch:case_receive(), time.after("30s"):case_receive()}
  assert.eq(result.channel, ch, "no " .. what .. " in half a minute")
  return result.value
end

local function is_immutable()
  local base = process.with_context({a = 1})
  local more = base:with_context({b = 2})
  assert.neq(base, more)
  assert.eq(type(base), "userdata")
  local got = base:exec("app.process:all_context", HOST)
  assert.eq(got.a, 1)
  assert.is_nil(got.b)
  got = more:exec("app.process:all_context", HOST)
  assert.eq(got.a, 1)
  assert.eq(got.b, 2)
end

local function later_values_win()
  local spawner = process.with_context({a = 1, b = 1}):with_context({b = 2})
  local got = spawner:exec("app.process:all_context", HOST)
  assert.eq(got.a, 1)
  assert.eq(got.b, 2)
end

local function raises_on_bad_arguments()
  assert.throws(function() process.with_context("text") end, "table")
  assert.throws(function() process.with_context({[1] = "x"}) end, "string")
  assert.throws(function() process.with_options("text") end, "table")
  assert.throws(function() process.with_context({}):with_context({[true] = 1}) end, "string")
end

local function starts_from_the_callers_values()
  local funcs = require("funcs")
  local got, err = funcs.new():with_context({outer = "o"}):call("app.process:spawner_adds_inner", HOST)
  assert.is_nil(err)
  assert.eq(got.outer, "o")
  assert.eq(got.inner, "i")
end

local function adds_inner(host)
  return process.with_context({inner = "i"}):exec("app.process:all_context", host)
end

local function options_are_opaque()
  local spawner = process.with_options({["no.such.option"] = true}):with_options({another = {deep = 1}})
  local got, err = spawner:exec("app.process:echo", HOST, "x")
  assert.is_nil(err)
  assert.eq(got.args[1], "x")
end

local function every_variant()
  process.set_options({trap_links = true})
  local events = process.events()
  local spawner = process.with_context({})
  assert.not_nil(spawner:spawn("app.process:nothing", HOST))
  local monitored = spawner:spawn_monitored("app.process:nothing", HOST)
  assert.eq(take(events, "EXIT").from, monitored)
  local linked = spawner:spawn_linked("app.process:raising", HOST)
  local event = take(events, "LINK_DOWN")
  assert.eq(event.from, linked)
  assert.eq(event.kind, process.event.LINK_DOWN)
  local both = spawner:spawn_linked_monitored("app.process:raising", HOST)
  assert.eq(take(events, "EXIT").from, both)
  assert.eq(take(events, "LINK_DOWN").from, both)
end

local function names_the_child()
  local pid = process.with_context({}):with_name("spawner-named"):spawn("app.process:idle", HOST)
  assert.eq(process.registry.lookup("spawner-named"), pid)
  process.send("spawner-named", "go")
end

local function spawns_or_signals()
  local seen = process.listen("seen")
  local first = process.with_context({}):with_name("collector-1")
    :spawn("app.process:collector", HOST, process.pid(), 2)
  local spawner = process.with_context({}):with_name("collector-1"):with_message("order", "one"):with_message("order", "two")
  local second, err = spawner:spawn("app.process:collector", HOST, "ignored", 99)
  assert.is_nil(err)
  assert.eq(second, first)
  local got = take(seen, "seen")
  assert.eq(#got, 2)
  assert.eq(got[1].value, "one")
  assert.eq(got[2].value, "two")
end

local function monitors_the_holder()
  local events = process.events()
  local first = process.with_context({}):with_name("held"):spawn("app.process:idle", HOST)
  local second = process.with_context({}):with_name("held"):spawn_monitored("app.process:idle", HOST)
  assert.eq(first, second)
  process.send(first, "go")
  assert.eq(take(events, "EXIT").from, first)
end

local function messages_come_first()
  local seen = process.listen("seen")
  local pid = process.with_context({}):with_message("a", 1):with_message("b", {two = 2})
    :spawn("app.process:collector", HOST, process.pid(), 3)
  process.send(pid, "c", 3)
  local got = take(seen, "seen")
  assert.eq(got[1].topic .. got[2].topic .. got[3].topic, "abc")
  assert.eq(got[1].from, "")
  assert.eq(got[2].value.two, 2)
  assert.eq(got[3].from, process.pid())
end

local function system_topics_raise()
  assert.throws(function() process.with_context({}):with_message("@pid/inbox", 1) end)
  assert.throws(function() process.with_context({}):with_message("", 1) end)
  assert.throws(function() process.with_context({}):with_name("") end)
end

return {
  is_immutable = is_immutable, later_values_win = later_values_win, raises_on_bad_arguments = raises_on_bad_arguments,
  starts_from_the_callers_values = starts_from_the_callers_values, adds_inner = adds_inner,
  options_are_opaque = options_are_opaque, every_variant = every_variant, names_the_child = names_the_child,
  spawns_or_signals = spawns_or_signals, monitors_the_holder = monitors_the_holder,
  messages_come_first = messages_come_first, system_topics_raise = system_topics_raise,
}
