local assert = require("assert")
local time = require("time")
local funcs = require("funcs")

local HOST = "app.process:host"

local function take(ch, what)
  local result = channel.select{ch:case_receive(), time.after("30s"):case_receive()}
  assert.eq(result.channel, ch, "no " .. what .. " in half a minute")
  return result.value
end

local function returns_the_value()
  local value, err = process.exec("app.process:two_values", HOST)
  assert.is_nil(err)
  assert.eq(value, "first")
  value, err = process.exec("app.process:nothing", HOST)
  assert.is_nil(err)
  assert.is_nil(value)
end

local function returns_the_error()
  local value, err = process.exec("app.process:failing", HOST)
  assert.is_nil(value)
  assert.is_error(err, errors.CONFLICT)
  assert.eq(err:message(), "no stock")
  assert.eq(err:retryable(), false)
  assert.eq(err:details().sku, "a1")
  value, err = process.exec("app.process:raising", HOST)
  assert.is_nil(value)
  assert.is_error(err, errors.INTERNAL)
  assert.error_contains(err, "boom")
  assert.error_contains(err, "app.process:raising:")
  assert.is_nil(err:retryable())
end

local function checks_its_arguments()
  for _, case in ipairs({{"no_namespace", HOST}, {"app.process:echo", ""}, {"", HOST}, {"app.process:echo"}}) do
    local value, err = process.exec(case[1], case[2])
    assert.is_nil(value)
    assert.is_error(err, errors.INVALID)
  end
  local _, err = process.exec("app.process:nowhere", HOST)
  assert.is_error(err, errors.NOT_FOUND)
end

local function child_goes_on_without_its_caller()
  local started, finished = process.listen("started"), process.listen("finished")
  local caller = process.spawn("app.process:exec_parent", HOST, HOST, process.pid())
  local child = take(started, "started")
  assert.ok(process.terminate(caller))
  assert.ok(process.send(child, "go"))
  take(finished, "finished")
end

local function process_as_function()
  local value, err = funcs.call("app.process:callable", 2, 3)
  assert.is_nil(err)
  assert.eq(value, 5)
  value, err = funcs.call("app.process:callable", "fail")
  assert.is_nil(value)
  assert.is_error(err, errors.INVALID)
  assert.eq(err:message(), "refused")
  value, err = funcs.call("app.process:callable_by_options", 20, 1)
  assert.is_nil(err)
  assert.eq(value, 21)
end

local function not_every_process_is_a_function()
  local value, err = funcs.call("app.process:echo", 1)
  assert.is_nil(value)
  assert.is_error(err, errors.NOT_FOUND)
  assert.error_contains(err, "no handler registered for target")
end

local function cancelled_with_its_caller()
  local running, cancelled = process.listen("running"), process.listen("cancelled")
  local events = process.events()
  local caller = process.spawn_monitored("app.process:calls_waiting", HOST, process.pid())
  take(running, "running")
  process.cancel(caller, "enough")
  local got = take(cancelled, "cancelled")
  assert.eq(got[1], process.event.CANCEL)
  assert.eq(got[2], "caller context canceled")
  assert.eq(take(events, "EXIT").from, caller)
end

return {
  returns_the_value = returns_the_value, returns_the_error = returns_the_error,
  checks_its_arguments = checks_its_arguments, child_goes_on_without_its_caller = child_goes_on_without_its_caller,
  process_as_function = process_as_function, not_every_process_is_a_function = not_every_process_is_a_function,
  cancelled_with_its_caller = cancelled_with_its_caller,
}
