local assert = require("assert")
local time = require("time")

local HOST = "app.links:host"

local function take(ch, what)
  local result = channel.select{ch:case_receive(), time.after("30s"):case_receive()}
  assert.eq(result.channel, ch, "no " .. what .. " in half a minute")
  return result.value
end

local function ended_by(topic, data)
  local events = process.events()
  local pid = process.spawn_monitored("app.links:obey", HOST)
  process.send(pid, topic, data)
  local event = take(events, "EXIT")
  assert.eq(event.from, pid)
  return event
end

local function constants()
  assert.eq(process.event.CANCEL, "pid.cancel")
  assert.eq(process.event.EXIT, "pid.exit")
  assert.eq(process.event.LINK_DOWN, "pid.link.down")
  assert.eq(process.event.OUTDATED, "pid.outdated")
end

local function no_error_field()
  local event = ended_by("raise", "boom")
  assert.is_nil(event.error)
  assert.not_nil(event.result.error)
  assert.is_nil(event.result.value)
end

local function also_by_type_and_pid()
  local event = ended_by("return", 1)
  assert.eq(event.type, "EXIT")
  assert.eq(event.pid, event.from)
end

local function error_is_an_object()
  local err = ended_by("refuse with", {message = "no", kind = "Conflict", retryable = true, details = {a = 1}}).result.error
  assert.eq(type(err), "userdata")
  assert.eq(err:kind(), errors.CONFLICT)
  assert.eq(err:message(), "no")
  assert.eq(err:retryable(), true)
  assert.eq(err:details().a, 1)
end

local function of_a_raise()
  local err = ended_by("raise", "boom").result.error
  assert.matches(err:message(), "app%.[%w.]+:%w+:%d+: boom$")
  assert.eq(err:kind(), errors.INTERNAL)
  assert.is_nil(err:retryable())
end

local function of_a_returned_text()
  local err = ended_by("refuse", "not today").result.error
  assert.eq(err:message(), "not today")
  assert.eq(err:kind(), errors.INTERNAL)
  assert.eq(err:retryable(), false)
end

local function of_an_error_without_kind()
  local err = ended_by("refuse with", {message = "plain"}).result.error
  assert.eq(err:message(), "plain")
  assert.eq(err:kind(), errors.INTERNAL)
  assert.is_nil(err:retryable())
end

local function other_second_values_are_ignored()
  local event = ended_by("refuse", {not_an = "error"})
  assert.is_nil(event.result.error)
  assert.is_nil(event.result.value)
end

return {
  constants = constants, no_error_field = no_error_field, also_by_type_and_pid = also_by_type_and_pid,
  error_is_an_object = error_is_an_object, of_a_raise = of_a_raise, of_a_returned_text = of_a_returned_text,
  of_an_error_without_kind = of_an_error_without_kind, other_second_values_are_ignored = other_second_values_are_ignored,
}
