local assert = require("assert")
local time = require("time")
local funcs = require("funcs")

local HOST = "app.funcs:host"

local function take(ch, what)
  local result = channel.select{ch:case_receive(), time.after("30s"):case_receive()}
  assert.eq(result.channel, ch, "no " .. what .. " in half a minute")
  return result.value
end

local function counter() return process.spawn("app.funcs:counter", HOST) end

local function attempts_of(pid)
  local total = process.listen("total")
  process.send(pid, "total", process.pid())
  return take(total, "total")
end

local function retrying(fields)
  local retry = {max_attempts = 5, initial_delay = 1, max_delay = 5, jitter = 0}
  for key, value in pairs(fields or {}) do retry[key] = value end
  return funcs.new():with_options({retry = retry})
end

local function once_without_options()
  local pid = counter()
  local value, err = funcs.call("app.funcs:flaky", pid, 1)
  assert.is_nil(value)
  assert.is_error(err, errors.UNAVAILABLE)
  assert.eq(attempts_of(pid), 1)
end

local function until_it_succeeds()
  local pid = counter()
  local value, err = retrying():call("app.funcs:flaky", pid, 2)
  assert.is_nil(err)
  assert.eq(value, 3)
end

local function up_to_max_attempts()
  local pid = counter()
  local value, err = retrying({max_attempts = 3}):call("app.funcs:flaky", pid, 99)
  assert.is_nil(value)
  assert.eq(err:message(), "attempt 3")
  assert.eq(attempts_of(pid), 3)
end

local function one_attempt_is_off()
  for _, n in ipairs({0, 1}) do
    local pid = counter()
    local value, err = retrying({max_attempts = n}):call("app.funcs:flaky", pid, 1)
    assert.is_nil(value)
    assert.has_error(err)
    assert.eq(attempts_of(pid), 1)
  end
end

local function never_what_is_final()
  local pid = counter()
  local value, err = retrying():call("app.funcs:flaky", pid, 2, errors.UNAVAILABLE, false)
  assert.is_nil(value)
  assert.eq(err:retryable(), false)
  assert.eq(attempts_of(pid), 1)
end

local function retry_kinds()
  local pid = counter()
  local value = retrying({retry_kinds = {errors.TIMEOUT}}):call("app.funcs:flaky", pid, 1, errors.UNAVAILABLE)
  assert.is_nil(value)
  assert.eq(attempts_of(pid), 1)
  value = retrying({retry_kinds = {errors.UNAVAILABLE}}):call("app.funcs:flaky", counter(), 1, errors.UNAVAILABLE)
  assert.eq(value, 2)
end

local function skip_kinds()
  local pid = counter()
  local value = retrying({skip_kinds = {errors.CONFLICT}}):call("app.funcs:flaky", pid, 1, errors.CONFLICT)
  assert.is_nil(value)
  assert.eq(attempts_of(pid), 1)
end

local function delays_grow()
  local began = time.now()
  local value = retrying({initial_delay = 10, backoff_factor = 2, max_delay = 15}):call("app.funcs:flaky", counter(), 3)
  assert.eq(value, 4) -- after 10, 15 and 15 milliseconds
  local waited = time.now():sub(began):milliseconds()
  assert.gte(waited, 39)
  assert.lt(waited, 20000)
end

local function durations_as_text()
  assert.eq(retrying({initial_delay = "1ms", max_delay = "2ms"}):call("app.funcs:flaky", counter(), 1), 2)
end

local function presets_of_the_function()
  local value, err = funcs.call("app.funcs:flaky_with_presets", counter(), 2)
  assert.is_nil(err)
  assert.eq(value, 3)
end

local function options_win_over_presets()
  local pid = counter()
  local value = funcs.new():with_options({retry = {max_attempts = 1}}):call("app.funcs:flaky_with_presets", pid, 2)
  assert.is_nil(value)
  assert.eq(attempts_of(pid), 1)
end

local function async_retries_too()
  local future = funcs.new():with_options({retry = {max_attempts = 3, initial_delay = 1}}):async("app.funcs:flaky", counter(), 1)
  assert.eq(take(future:response(), "answer"):data(), 2)
end

local function time_out()
  local began = time.now()
  local value, err = funcs.new():with_options({timeout = 20}):call("app.funcs:slow", "1h")
  assert.is_nil(value)
  assert.is_error(err, errors.TIMEOUT)
  assert.error_contains(err, "app.funcs:slow")
  assert.lt(time.now():sub(began):milliseconds(), 60000)
end

local function time_out_cancels_the_function()
  local running, cancelled = process.listen("running"), process.listen("cancelled")
  local _, err = funcs.new():with_options({timeout = "20ms"}):call("app.funcs:watched", process.pid())
  assert.is_error(err, errors.TIMEOUT)
  take(running, "running")
  assert.eq(take(cancelled, "cancelled")[1], process.event.CANCEL)
end

local function in_time()
  local value, err = funcs.new():with_options({timeout = "5s"}):call("app.funcs:slow", "1ms", "done")
  assert.is_nil(err)
  assert.eq(value, "done")
end

local function wild_options()
  for _, retry in ipairs({
    {max_attempts = 3, initial_delay = 1, jitter = 50}, {max_attempts = 3, initial_delay = 1, backoff_factor = 1e300, max_delay = 1},
    {max_attempts = 3, initial_delay = 0, max_delay = 0, jitter = 1},
  }) do
    assert.eq(funcs.new():with_options({retry = retry}):call("app.funcs:flaky", counter(), 1), 2)
  end
  for _, retry in ipairs({
    {max_attempts = 0 / 0}, {max_attempts = math.huge}, {max_attempts = -1}, {initial_delay = "-5s"}, {jitter = "much"},
    {retry_kinds = "Timeout"}, {max_atempts = 3}, 7,
  }) do
    local value, err = funcs.new():with_options({retry = retry}):call("app.funcs:add", 1, 2)
    assert.is_nil(value)
    assert.is_error(err, errors.INVALID)
  end
end

local function bad_options()
  local value, err = funcs.new():with_options({retry = "often"}):call("app.funcs:add", 1, 2)
  assert.is_nil(value)
  assert.is_error(err, errors.INVALID)
  value, err = funcs.new():with_options({timeout = "soon"}):call("app.funcs:add", 1, 2)
  assert.is_nil(value)
  assert.is_error(err, errors.INVALID)
end

local function unknown_options_are_ignored()
  local value, err = funcs.new():with_options({priority = 7, ["activity.id"] = "x"}):call("app.funcs:add", 1, 2)
  assert.is_nil(err)
  assert.eq(value, 3)
end

return {
  once_without_options = once_without_options, until_it_succeeds = until_it_succeeds,
  up_to_max_attempts = up_to_max_attempts, one_attempt_is_off = one_attempt_is_off,
  never_what_is_final = never_what_is_final, retry_kinds = retry_kinds, skip_kinds = skip_kinds, delays_grow = delays_grow,
  durations_as_text = durations_as_text, presets_of_the_function = presets_of_the_function,
  options_win_over_presets = options_win_over_presets, async_retries_too = async_retries_too, time_out = time_out,
  time_out_cancels_the_function = time_out_cancels_the_function, in_time = in_time, bad_options = bad_options, wild_options = wild_options,
  unknown_options_are_ignored = unknown_options_are_ignored,
}
