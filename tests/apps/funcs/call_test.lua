local assert = require("assert")
local time = require("time")
local funcs = require("funcs")

local HOST = "app.funcs:host"

local function take(ch, what)
  local result = channel.select{ch:case_receive(), time.after("30s"):case_receive()}
  assert.eq(result.channel, ch, "no " .. what .. " in half a minute")
  return result.value
end

local function returns_the_first_value()
  local value, err = funcs.call("app.funcs:add", 1, 2)
  assert.eq(value, 3)
  assert.is_nil(err)
  value, err = funcs.call("app.funcs:first_only")
  assert.eq(value, "first")
  assert.is_nil(err)
end

local function nil_and_false_are_values()
  local value, err = funcs.call("app.funcs:nothing")
  assert.is_nil(value)
  assert.is_nil(err)
  value, err = funcs.call("app.funcs:returns_false")
  assert.eq(value, false)
  assert.is_nil(err)
end

local function bad_ids()
  for _, id in ipairs({"", "no_namespace", ":name", "app.funcs:"}) do
    local value, err = funcs.call(id)
    assert.is_nil(value, id)
    assert.is_error(err, errors.INVALID, id)
    value, err = funcs.async(id)
    assert.is_nil(value, id)
    assert.is_error(err, errors.INVALID, id)
  end
end

local function unknown_id()
  local value, err = funcs.call("app.funcs:nowhere")
  assert.is_nil(value)
  assert.is_error(err, errors.NOT_FOUND)
  assert.error_contains(err, "no handler registered for target")
end

local function an_error_keeps_its_parts()
  local value, err = funcs.call("app.funcs:fails", errors.CONFLICT, true)
  assert.is_nil(value)
  assert.is_error(err, errors.CONFLICT)
  assert.eq(err:message(), "failed")
  assert.eq(err:retryable(), true)
  assert.eq(err:details().n, 1)
end

local function a_text_is_final()
  local value, err = funcs.call("app.funcs:refuses")
  assert.is_nil(value)
  assert.eq(err:message(), "not today")
  assert.eq(err:retryable(), false)
  assert.is_error(err, errors.INTERNAL)
end

local function a_crash_is_internal()
  local value, err = funcs.call("app.funcs:raises")
  assert.is_nil(value)
  assert.is_error(err, errors.INTERNAL)
  assert.matches(tostring(err), "app%.[%w.]+:%w+:%d+: boom")
  assert.is_nil(err:retryable())
  value, err = funcs.call("app.funcs:raises_table")
  assert.is_nil(value)
  assert.is_error(err, errors.INTERNAL)
end

local function inherits_values()
  local executor = funcs.new():with_context({tenant = "acme", n = 1})
  local got = executor:call("app.funcs:context")
  assert.eq(got.tenant, "acme")
  assert.eq(got.n, 1)
  assert.same(funcs.call("app.funcs:context"), {})
end

local function nested_inherits()
  local got = funcs.new():with_context({tenant = "acme"}):call("app.funcs:caller_of", "app.funcs:context")
  assert.eq(got.tenant, "acme")
end

local function is_a_process()
  assert.eq(funcs.call("app.funcs:who"), "app.funcs:who")
end

local function cancelled_with_its_caller()
  local running, cancelled = process.listen("running"), process.listen("cancelled")
  local caller = process.spawn("app.funcs:calling_process", HOST, "app.funcs:watched", process.pid())
  take(running, "running")
  process.terminate(caller)
  local got = take(cancelled, "cancelled")
  assert.eq(got[1], process.event.CANCEL)
  assert.eq(got[2], "caller context canceled")
end

local function interrupted_with_its_caller()
  local running, survived = process.listen("running"), process.listen("survived")
  local caller = process.spawn("app.funcs:calling_process", HOST, "app.funcs:uninterested", process.pid())
  local pid = take(running, "running")
  process.cancel(caller)
  time.sleep("20ms")
  assert.is_nil((process.send(pid, "x")), "the function runs on")
  assert.is_nil((process.send(caller, "x")), "the caller runs on")
  assert.ok(channel.select{survived:case_receive(), default = true}.default)
end

local function executor_is_immutable()
  local base = funcs.new()
  local a = base:with_context({a = 1})
  local b = a:with_context({a = 2, b = 2}):with_options({timeout = "5s"})
  assert.eq(type(base), "userdata")
  assert.neq(base, a)
  assert.same(base:call("app.funcs:context"), {})
  assert.same(a:call("app.funcs:context"), {a = 1})
  assert.same(b:call("app.funcs:context"), {a = 2, b = 2})
end

local function executor_checks_its_arguments()
  assert.throws(function() funcs.new():with_context({[1] = "x"}) end)
  assert.throws(function() funcs.new():with_context("x") end)
  assert.throws(function() funcs.new():with_options("x") end)
end

local function executor_async()
  local future, err = funcs.new():with_context({a = 1}):async("app.funcs:context")
  assert.is_nil(err)
  assert.eq(take(future:response(), "answer"):data().a, 1)
end

local function calls_run_side_by_side()
  local futures = {funcs.async("app.funcs:slow", "1h", 1)}
  for i = 2, 5 do futures[i] = funcs.async("app.funcs:slow", "1ms", i) end
  for i = 2, 5 do assert.eq(take(futures[i]:response(), "answer"):data(), i) end
  futures[1]:cancel()
end

return {
  returns_the_first_value = returns_the_first_value, nil_and_false_are_values = nil_and_false_are_values, bad_ids = bad_ids,
  unknown_id = unknown_id, an_error_keeps_its_parts = an_error_keeps_its_parts, a_text_is_final = a_text_is_final,
  a_crash_is_internal = a_crash_is_internal, inherits_values = inherits_values, nested_inherits = nested_inherits,
  is_a_process = is_a_process, cancelled_with_its_caller = cancelled_with_its_caller,
  interrupted_with_its_caller = interrupted_with_its_caller, executor_is_immutable = executor_is_immutable,
  executor_checks_its_arguments = executor_checks_its_arguments, executor_async = executor_async,
  calls_run_side_by_side = calls_run_side_by_side,
}
