local assert = require("assert")
local time = require("time")

local HOST = "app.process:host"

local function take(ch, what)
  local result = channel.select{ch:case_receive(), time.after("30s"):case_receive()}
  assert.eq(result.channel, ch, "no " .. what .. " in half a minute")
  return result.value
end

local function terminate_ends_at_once()
  local ready, cleaned = process.listen("ready"), process.listen("cleaned up")
  local events = process.events()
  local pid = process.spawn_monitored("app.process:no_cleanup", HOST, process.pid())
  take(ready, "ready")
  local ok, err = process.terminate(pid)
  assert.eq(ok, true)
  assert.is_nil(err)
  local event = take(events, "EXIT")
  assert.is_nil(event.result.value)
  assert.is_error(event.result.error, errors.INTERNAL)
  assert.error_contains(event.result.error, "process terminated")
  assert.is_nil(event.result.error:retryable())
  local late = channel.select{cleaned:case_receive(), time.after("20ms"):case_receive()}
  assert.neq(late.channel, cleaned, "a terminated process ran on")
end

local function terminate_of_nobody()
  local pid = process.spawn("app.process:idle", HOST)
  process.terminate(pid)
  time.sleep("5ms")
  local ok, err = process.terminate(pid)
  assert.is_nil(ok)
  assert.is_error(err, errors.INTERNAL)
  assert.error_contains(err, "process not found")
  ok, err = process.terminate("{local@" .. HOST .. "|0xfffff}")
  assert.is_nil(ok)
  assert.is_error(err, errors.INTERNAL)
  assert.error_contains(err, "process not found")
end

local function terminate_takes_links_along()
  process.set_options({trap_links = true})
  local events = process.events()
  local pid = process.spawn_linked("app.process:idle", HOST)
  process.terminate(pid)
  local event = take(events, "LINK_DOWN")
  assert.eq(event.kind, process.event.LINK_DOWN)
  assert.error_contains(event.result.error, "process terminated")
end

local function cancel_is_an_event()
  local ready, seen = process.listen("ready"), process.listen("event")
  local events = process.events()
  local pid = process.spawn_monitored("app.process:cooperative", HOST, process.pid())
  take(ready, "ready")
  local ok, err = process.cancel(pid, "enough")
  assert.eq(ok, true)
  assert.is_nil(err)
  local event = take(seen, "event")
  assert.eq(event.kind, "pid.cancel")
  assert.eq(event.kind, process.event.CANCEL)
  assert.eq(event.from, process.pid())
  assert.eq(event.reason, "enough")
  assert.eq(math.type(event.at), "integer")
  local exit = take(events, "EXIT")
  assert.eq(exit.result.value, "stopped: enough")
  assert.is_nil(exit.result.error)
end

local function cancel_at_once()
  local seen = process.listen("event")
  local events = process.events()
  local pid = process.spawn_monitored("app.process:cooperative", HOST, process.pid())
  assert.ok(process.cancel(pid, "before its first step"))
  assert.eq(take(seen, "event").reason, "before its first step")
  assert.is_nil(take(events, "EXIT").result.error)
end

local function cancel_without_a_reason()
  local ready, seen = process.listen("ready"), process.listen("event")
  local pid = process.spawn("app.process:cooperative", HOST, process.pid())
  take(ready, "ready")
  assert.ok(process.cancel(pid))
  assert.eq(take(seen, "event").reason, "")
end

local function cancel_forces_nothing()
  local ready = process.listen("ready")
  local events = process.events()
  local pid = process.spawn_monitored("app.process:stubborn", HOST, process.pid())
  take(ready, "ready")
  process.cancel(pid, "please")
  time.sleep("20ms")
  assert.ok(process.send(pid, "go"), "it was ended by a cancel")
  assert.eq(take(events, "EXIT").result.value, "went on")
end

local function cancel_of_nobody()
  local ok, err = process.cancel("{local@" .. HOST .. "|0xfffff}", "x")
  assert.is_nil(ok)
  assert.is_error(err, errors.NOT_FOUND)
  ok, err = process.cancel("nobody-has-this-name")
  assert.is_nil(ok)
  assert.is_error(err, errors.NOT_FOUND)
end

local function main_ends_all_coroutines()
  local late = process.listen("late")
  local value = process.exec("app.process:background", HOST, process.pid())
  assert.eq(value, "main is over")
  local result = channel.select{late:case_receive(), time.after("50ms"):case_receive()}
  assert.neq(result.channel, late, "a coroutine outlived main")
end

local function a_failing_coroutine_ends_the_process()
  local value, err = process.exec("app.process:failing_coroutine", HOST)
  assert.is_nil(value)
  assert.error_contains(err, "in a coroutine")
  assert.is_error(err, errors.INTERNAL)
end

local function names_are_free_before_monitors_hear()
  local events = process.events()
  local pid = process.with_context({}):with_name("short-lived"):spawn_monitored("app.process:idle", HOST)
  process.send(pid, "go")
  take(events, "EXIT")
  assert.is_nil((process.registry.lookup("short-lived")))
  assert.is_nil((process.send(pid, "x")))
end

return {
  terminate_ends_at_once = terminate_ends_at_once, terminate_of_nobody = terminate_of_nobody,
  terminate_takes_links_along = terminate_takes_links_along, cancel_is_an_event = cancel_is_an_event,
  cancel_at_once = cancel_at_once, cancel_without_a_reason = cancel_without_a_reason, cancel_forces_nothing = cancel_forces_nothing,
  cancel_of_nobody = cancel_of_nobody, main_ends_all_coroutines = main_ends_all_coroutines,
  a_failing_coroutine_ends_the_process = a_failing_coroutine_ends_the_process,
  names_are_free_before_monitors_hear = names_are_free_before_monitors_hear,
}
