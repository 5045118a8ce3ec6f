local assert = require("assert")
local time = require("time")
local funcs = require("funcs")

local HOST = "app.funcs:host"

local function take(ch, what)
  local result = channel.select{ch:case_receive(), time.after("30s"):case_receive()}
  assert.eq(result.channel, ch, "no " .. what .. " in half a minute")
  return result.value, result.ok
end

local function is_an_object()
  local future, err = funcs.async("app.funcs:add", 1, 2)
  assert.is_nil(err)
  assert.eq(type(future), "userdata")
  for _, method in ipairs({"response", "channel", "is_complete", "is_canceled", "result", "error", "cancel"}) do
    assert.eq(type(future[method]), "function", method)
  end
end

local function one_channel()
  local future = funcs.async("app.funcs:add", 1, 2)
  assert.eq(future:response(), future:channel())
  assert.eq(future:response(), future:response())
end

local function delivers_a_payload_once()
  local future = funcs.async("app.funcs:add", 1, 2)
  local payload, ok = future:response():receive()
  assert.eq(ok, true)
  assert.eq(type(payload), "userdata")
  assert.eq(payload:data(), 3)
  payload, ok = future:response():receive()
  assert.is_nil(payload)
  assert.eq(ok, false)
end

local function delivers_the_error_itself()
  local future = funcs.async("app.funcs:fails", errors.CONFLICT)
  local err, ok = future:response():receive()
  assert.eq(ok, true)
  assert.is_error(err, errors.CONFLICT)
  assert.eq(err:message(), "failed")
end

local function pending()
  local future = funcs.async("app.funcs:slow", "50ms", 1)
  assert.eq(future:is_complete(), false)
  assert.eq(future:is_canceled(), false)
  local value, err = future:result()
  assert.is_nil(value)
  assert.is_nil(err)
  local problem, failed = future:error()
  assert.is_nil(problem)
  assert.eq(failed, false)
  take(future:response(), "answer")
end

local function complete()
  local future = funcs.async("app.funcs:add", 1, 2)
  take(future:response(), "answer")
  assert.eq(future:is_complete(), true)
  assert.eq(future:is_canceled(), false)
  local payload, err = future:result()
  assert.is_nil(err)
  assert.eq(payload:data(), 3)
  local problem, failed = future:error()
  assert.is_nil(problem)
  assert.eq(failed, false)
end

local function failed()
  local future = funcs.async("app.funcs:fails", errors.CONFLICT)
  take(future:response(), "answer")
  assert.eq(future:is_complete(), true)
  local payload, err = future:result()
  assert.is_nil(payload)
  assert.is_error(err, errors.CONFLICT)
  local problem, has_failed = future:error()
  assert.is_error(problem, errors.CONFLICT)
  assert.eq(has_failed, true)
end

local function cancelled()
  local future = funcs.async("app.funcs:slow", "5s", 1)
  future:cancel()
  assert.eq(future:is_canceled(), true)
  local value, ok = future:response():receive()
  assert.is_nil(value)
  assert.eq(ok, false)
  local payload, err = future:result()
  assert.is_nil(payload)
  assert.is_error(err, errors.CANCELED)
end

local function cancel_reaches_the_function()
  local running, was_cancelled = process.listen("running"), process.listen("cancelled")
  local future = funcs.async("app.funcs:watched", process.pid())
  take(running, "running")
  future:cancel()
  assert.eq(take(was_cancelled, "cancelled")[1], process.event.CANCEL)
end

local function cancel_after_the_end()
  local future = funcs.async("app.funcs:add", 1, 2)
  take(future:response(), "answer")
  future:cancel()
  assert.eq(future:is_canceled(), false)
  assert.eq(future:result():data(), 3)
end

local function unknown_function()
  local future, err = funcs.async("app.funcs:nowhere")
  assert.is_nil(err)
  local problem, ok = take(future:response(), "answer")
  assert.eq(ok, true)
  assert.is_error(problem, errors.NOT_FOUND)
  assert.error_contains(problem, "no handler registered for target")
end

local function nil_result()
  local future = funcs.async("app.funcs:nothing")
  local payload, ok = future:response():receive()
  assert.eq(ok, true)
  assert.not_nil(payload)
  assert.is_nil(payload:data())
end

local function first_of_several()
  local slow, fast = funcs.async("app.funcs:slow", "2s", "slow"), funcs.async("app.funcs:slow", "1ms", "fast")
  local result = channel.select{slow:channel():case_receive(), fast:channel():case_receive()}
  assert.eq(result.channel, fast:channel())
  assert.eq(result.value:data(), "fast")
  slow:cancel()
end

return {
  is_an_object = is_an_object, one_channel = one_channel, delivers_a_payload_once = delivers_a_payload_once,
  delivers_the_error_itself = delivers_the_error_itself, pending = pending, complete = complete, failed = failed,
  cancelled = cancelled, cancel_reaches_the_function = cancel_reaches_the_function,
  cancel_after_the_end = cancel_after_the_end, unknown_function = unknown_function, nil_result = nil_result,
  first_of_several = first_of_several,
}
