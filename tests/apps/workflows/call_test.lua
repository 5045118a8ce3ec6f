local assert = require("assert")
local kit = require("kit")
local uuid = require("uuid")

local function parallel_futures() assert.eq(kit.run("parallel", 6), 42) end

local function states_of_a_future()
  local seen = kit.run("future_states")
  assert.is_false(seen.before)
  assert.is_true(seen.same)
  assert.is_true(seen.ok)
  assert.eq(seen.data, 3)
  assert.is_true(seen.after)
  assert.eq(seen.result, 3)
  assert.is_true(seen.no_error)
  assert.is_true(seen.closed)
  assert.eq(seen.failed, "Invalid")
  assert.is_true(seen.arrived)
  assert.eq(seen.why, "no")
  assert.is_true(seen.has)
end

local function a_future_is_cancelled()
  local seen = kit.run("cancelled_future")
  assert.is_nil(seen.value)
  assert.is_false(seen.ok)
  assert.is_true(seen.canceled)
  assert.eq(seen.kind, "Canceled")
end

local function the_first_of_several()
  local seen = kit.run("first_of_many")
  assert.is_true(seen.quick)
  assert.eq(seen.value, "quick")
end

local function a_call_with_a_limit()
  assert.eq(kit.run("with_timeout", "5ms", "5s"), "timed out")
  assert.eq(kit.run("with_timeout", "1m", "1ms"), "done")
end

local function tasks() assert.eq(kit.run("coroutines", 5), 65) end

local function channels() assert.eq(kit.run("producer_consumer"), 15) end

local function a_task_fails()
  local value, err = kit.exec("failing_coroutine")
  assert.is_nil(value)
  assert.is_error(err, errors.INTERNAL)
  assert.contains(err:message(), "in a coroutine")
end

local function retried_without_end()
  assert.eq(kit.run("with_options", {["activity.retry_policy"] = {initial_interval = 1, backoff_coefficient = 1.0}}, "app.workflows:flaky", uuid.v4(), 6), 6)
end

local function retried_so_often()
  local key = uuid.v4()
  local policy = {initialInterval = "1ms", maximumAttempts = 3}
  local value, err = kit.exec("with_options", {["temporal.activity.retry_policy"] = policy}, "app.workflows:always_failing", key, "Unavailable")
  assert.is_nil(value)
  assert.is_error(err, errors.UNAVAILABLE)
  assert.contains(err:message(), "never works")
  assert.eq(kit.run("called", "app.workflows:counted", key), 3)
end

local function kinds_that_are_not_retried()
  local key = uuid.v4()
  local policy = {initial_interval = "1ms", maximum_attempts = 5, non_retryable_error_types = {"Conflict"}}
  local _, err = kit.exec("with_options", {["activity.retry_policy"] = policy}, "app.workflows:always_failing", key, "Conflict")
  assert.is_error(err, errors.CONFLICT)
  assert.eq(kit.run("called", "app.workflows:counted", key), 1)
end

local function refusals_are_not_retried()
  local seen = kit.run("described", "app.workflows:failing", {message = "refused", kind = "Invalid", retryable = false})
  assert.eq(seen.kind, "Invalid")
  assert.is_false(seen.retryable)
end

local function presets()
  local key = uuid.v4()
  local value, err = kit.exec("called", "app.workflows:preset", key, "Unavailable")
  assert.is_nil(value)
  assert.is_error(err, errors.UNAVAILABLE)
  assert.eq(kit.run("called", "app.workflows:counted", key), 2)
end

local function start_to_close()
  local _, err = kit.exec("with_options", {["activity.start_to_close_timeout"] = 20, ["activity.retry_policy"] = {maximum_attempts = 1}}, "app.workflows:slow", "5s", 1)
  assert.is_error(err, errors.TIMEOUT)
  assert.is_false(err:retryable())
end

local function schedule_to_close()
  local _, err = kit.exec("with_options", {["temporal.activity.schedule_to_close_timeout"] = "20ms"}, "app.workflows:slow", "5s", 1)
  assert.is_error(err, errors.TIMEOUT)
end

local function timeouts_have_details()
  local seen = kit.run("described_with", {["activity.start_to_close_timeout"] = "10ms", ["activity.retry_policy"] = {maximum_attempts = 1}}, "app.workflows:slow", "5s", 1)
  assert.eq(seen.kind, "Timeout")
  assert.is_false(seen.retryable)
  assert.eq(seen.details.timeout_type, "start_to_close")
end

local function wrong_options()
  local _, err = kit.exec("with_options", {["activity.start_to_close_timeout"] = {}}, "app.workflows:add", 1, 2)
  assert.is_error(err, errors.INVALID)
end

local function contexts()
  local value, err = process.with_context({tenant = "acme", level = 3}):exec("app.workflows:with_context", kit.WORKER, {level = 4, more = "yes"})
  assert.no_error(err)
  assert.eq(value.own, "acme")
  assert.eq(value.inherited.tenant, "acme")
  assert.eq(value.inherited.level, 3)
  assert.eq(value.more.tenant, "acme")
  assert.eq(value.more.level, 4)
  assert.eq(value.more.more, "yes")
end

return {
  parallel_futures = parallel_futures, states_of_a_future = states_of_a_future, a_future_is_cancelled = a_future_is_cancelled,
  the_first_of_several = the_first_of_several, a_call_with_a_limit = a_call_with_a_limit, tasks = tasks, channels = channels,
  a_task_fails = a_task_fails, retried_without_end = retried_without_end, retried_so_often = retried_so_often,
  kinds_that_are_not_retried = kinds_that_are_not_retried, refusals_are_not_retried = refusals_are_not_retried, presets = presets,
  start_to_close = start_to_close, schedule_to_close = schedule_to_close, timeouts_have_details = timeouts_have_details, wrong_options = wrong_options,
  contexts = contexts,
}
