local assert = require("assert")
local time = require("time")
local funcs = require("funcs")

local function take(ch, what)
  local result = channel.select{ch:case_receive(), time.after("30s"):case_receive()}
  assert.eq(result.channel, ch, "no " .. what .. " in half a minute")
  return result.value
end

local function state_survives_calls()
  local first = funcs.call("app.funcs:stateful")
  local second = funcs.call("app.funcs:stateful")
  assert.eq(second.calls, first.calls + 1)
  assert.eq(second.total, first.total + 1)
end

local function state_survives_an_error()
  assert.eq(funcs.call("app.funcs:failing_state", false), 1)
  local _, err = funcs.call("app.funcs:failing_state", true)
  assert.error_contains(err, "on purpose")
  assert.eq(funcs.call("app.funcs:failing_state", false), 3)
end

local function inline_begins_anew()
  for _ = 1, 3 do assert.eq(funcs.call("app.funcs:stateful_inline").calls, 1) end
end

local function nothing_else_survives()
  assert.same(funcs.call("app.funcs:leaves_things"), {})
  local seen = funcs.call("app.funcs:leaves_things")
  assert.eq(seen.sent, false)
  assert.is_nil(seen.value)
  assert.eq(seen.open, false)
  assert.eq(seen.stopped, false)
  assert.eq(seen.same, false)
  assert.eq(seen.future, errors.CANCELED)
end

-- How many of `count` calls of `id` run at the same time.
local function most_at_a_time(id, count)
  local begun, ended = process.listen("begun"), process.listen("ended")
  for i = 1, count do funcs.async(id, process.pid(), i, count > 10 and "300ms" or "20ms") end
  local now, most, left = 0, 0, count
  while left > 0 do
    local result = channel.select{ended:case_receive(), begun:case_receive(), time.after("30s"):case_receive()}
    if result.channel == begun then now = now + 1 else now, left = now - 1, left - 1 end
    if now > most then most = now end
  end
  return most
end

local function no_more_than_the_workers()
  assert.eq(most_at_a_time("app.funcs:tells_static", 7), 2)
  assert.eq(most_at_a_time("app.funcs:tells_adaptive", 7), 3)
  assert.eq(most_at_a_time("app.funcs:tells_inline", 20), 20)
end

local function sixteen_by_default()
  assert.eq(most_at_a_time("app.funcs:tells", 20), 16)
end

local function first_come_first_served()
  local begun = process.listen("begun")
  for i = 1, 5 do funcs.async("app.funcs:tells_alone", process.pid(), i, "1ms") end
  for i = 1, 5 do assert.eq(take(begun, "call"), i) end
end

local function a_full_queue_refuses()
  local begun = process.listen("begun")
  local one = funcs.async("app.funcs:tells_short_queue", process.pid(), 1, "500ms")
  local two = funcs.async("app.funcs:tells_short_queue", process.pid(), 2, "1ms")
  local value, err = funcs.call("app.funcs:tells_short_queue", process.pid(), 3, "1ms")
  assert.is_nil(value)
  assert.is_error(err, errors.UNAVAILABLE)
  assert.error_contains(err, "app.funcs:tells_short_queue is busy")
  assert.eq(err:retryable(), true)
  assert.eq(take(one:response(), "answer"):data(), 1)
  assert.eq(take(two:response(), "answer"):data(), 2)
end

local function given_up_in_the_queue()
  local begun = process.listen("begun")
  local first = funcs.async("app.funcs:tells_alone", process.pid(), 1, "500ms")
  local _, err = funcs.new():with_options({timeout = "5ms"}):call("app.funcs:tells_alone", process.pid(), 2, "1ms")
  assert.is_error(err, errors.TIMEOUT)
  local third = funcs.async("app.funcs:tells_alone", process.pid(), 3, "1ms")
  take(third:response(), "answer")
  assert.eq(take(begun, "call"), 1)
  assert.eq(take(begun, "call"), 3)
  assert.eq(take(first:response(), "answer"):data(), 1)
end

local function a_function_may_call_itself()
  assert.eq(funcs.call("app.funcs:recursive", 30), 30)
  assert.eq(funcs.call("app.funcs:ping", 10, "app.funcs:pong", "app.funcs:ping"), 10)
end

-- Changes an entry while the node runs.
local function update(source)
  local registry = require("registry")
  local changes = registry.snapshot():changes()
  local verb = registry.get("app.funcs:changed") and "update" or "create"
  changes[verb](changes, {
    id = "app.funcs:changed", kind = "function.lua", meta = {},
    data = {source = source, modules = {"time"}, pool = {type = "static", size = 1}},
  })
  local _, err = changes:apply()
  assert.is_nil(err)
end

local function other_changes_leave_a_state_alone()
  local first = funcs.call("app.funcs:stateful")
  update("return function() return 0 end")
  assert.eq(funcs.call("app.funcs:stateful").calls, first.calls + 1)
end

local function running_calls_finish_on_the_old_code()
  update("return function() time.sleep('20ms') return 'old' end")
  local running = funcs.async("app.funcs:changed")
  local waiting = funcs.async("app.funcs:changed")
  update("return function() return 'new' end")
  assert.eq(funcs.call("app.funcs:changed"), "new")
  assert.eq(take(running:response(), "answer"):data(), "old")
  assert.eq(take(waiting:response(), "answer"):data(), "new")
end

return {
  other_changes_leave_a_state_alone = other_changes_leave_a_state_alone,
  running_calls_finish_on_the_old_code = running_calls_finish_on_the_old_code,
  state_survives_calls = state_survives_calls, state_survives_an_error = state_survives_an_error,
  inline_begins_anew = inline_begins_anew, nothing_else_survives = nothing_else_survives,
  no_more_than_the_workers = no_more_than_the_workers, sixteen_by_default = sixteen_by_default,
  first_come_first_served = first_come_first_served, a_full_queue_refuses = a_full_queue_refuses,
  given_up_in_the_queue = given_up_in_the_queue, a_function_may_call_itself = a_function_may_call_itself,
}
