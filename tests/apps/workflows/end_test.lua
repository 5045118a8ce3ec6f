local assert = require("assert")
local kit = require("kit")
local uuid = require("uuid")
local time = require("time")

-- ---- cancelling ----------------------------------------------------------------------------------------------

local function cancel_is_an_event()
  local pid = process.spawn_monitored("app.workflows:obeys", kit.WORKER)
  assert.is_true(process.cancel(pid, "enough"))
  local result = kit.exit(pid)
  assert.is_nil(result.error)
  assert.eq(result.value.kind, "pid.cancel")
  assert.eq(result.value.cleaned, 3)
  assert.is_true(result.value.has_at)
end

local function cancel_stops_nothing_else()
  local pid = process.spawn_monitored("app.workflows:goes_on", kit.WORKER)
  time.sleep("5ms")
  process.cancel(pid)
  local result = kit.exit(pid)
  assert.eq(result.value.value, "finished")
  assert.eq(result.value.kind, "pid.cancel")
end

local function cancelled_twice()
  local pid = process.spawn_monitored("app.workflows:cancelled_twice", kit.WORKER)
  process.cancel(pid)
  process.cancel(pid)
  assert.same(kit.exit(pid).value, {first = "pid.cancel", second = "pid.cancel"})
end

local function cancel_of_an_unknown_one()
  local gone = process.spawn_monitored("app.workflows:nothing", kit.WORKER)
  kit.exit(gone)
  local ok, err = process.cancel(gone)
  assert.is_nil(ok)
  assert.has_error(err)
  ok, err = process.terminate(gone)
  assert.is_nil(ok)
  assert.has_error(err)
end

local function terminated()
  local pid = process.spawn_monitored("app.workflows:obeys", kit.WORKER)
  assert.is_true(process.terminate(pid))
  local result = kit.exit(pid)
  assert.is_nil(result.value)
  assert.is_error(result.error, errors.CANCELED)
  assert.contains(result.error:message(), "terminated")
end

-- ---- results and errors ----------------------------------------------------------------------------------------

local function errors_reach_the_caller()
  local _, err = kit.exec("fails_with", {message = "sold out", kind = "Conflict", retryable = false, details = {sku = "a1"}})
  assert.is_error(err, errors.CONFLICT)
  assert.contains(err:message(), "sold out")
  assert.is_false(err:retryable())
  assert.eq(err:details().sku, "a1")
end

local function every_kind_crosses()
  for _, kind in ipairs({"NotFound", "AlreadyExists", "Invalid", "PermissionDenied", "Unavailable", "Internal", "Conflict", "Timeout", "RateLimited"}) do
    local _, err = kit.exec("fails_with", {message = "m", kind = kind, retryable = false})
    assert.is_error(err, kind)
  end
end

local function raised_and_text()
  local _, err = kit.exec("raises")
  assert.is_error(err, errors.INTERNAL)
  assert.contains(err:message(), "workflow boom")
  _, err = kit.exec("fails_with_text")
  assert.is_error(err, errors.INTERNAL)
  assert.contains(err:message(), "no luck")
  assert.is_false(err:retryable())
  _, err = kit.exec("fails_with", {message = "no kind"})
  assert.is_error(err, errors.INTERNAL)
end

local function activity_errors()
  local seen = kit.run("described", "app.workflows:failing", {message = "bad sku", kind = "Invalid", retryable = false, details = {sku = "x"}})
  assert.is_true(seen.nothing)
  assert.eq(seen.kind, "Invalid")
  assert.contains(seen.message, "bad sku")
  assert.is_false(seen.retryable)
  assert.eq(seen.details.sku, "x")
  assert.eq(seen.type, "userdata")
  assert.contains(seen.text, "bad sku")
  seen = kit.run("described", "app.workflows:text_failing")
  assert.eq(seen.kind, "Internal")
  assert.is_false(seen.retryable)
  assert.contains(seen.message, "just a text")
end

local function activity_raises()
  local _, err = kit.exec("with_options", {["activity.retry_policy"] = {maximum_attempts = 1}}, "app.workflows:raising")
  assert.is_error(err, errors.INTERNAL)
  assert.contains(err:message(), "activity boom")
end

local function activity_is_missing()
  local seen = kit.run("described", "app.workflows:no_such_function")
  assert.eq(seen.kind, "NotFound")
  assert.is_true(seen.retryable)
  assert.eq(kit.run("described", "not_an_id").kind, "Invalid")
end

local function errors_through_three()
  local _, err = kit.exec("executes_child", "app.workflows:called", "app.workflows:failing", {message = "deep down", kind = "RateLimited", retryable = false, details = {after = 3}})
  assert.is_error(err, errors.RATE_LIMITED)
  assert.contains(err:message(), "deep down")
  assert.is_false(err:retryable())
  assert.eq(err:details().after, 3)
end

-- ---- continue as new -------------------------------------------------------------------------------------------

local function continues()
  local id = uuid.v4()
  local pid = process.with_context({tenant = "acme"}):with_options({["workflow.id"] = id}):spawn_monitored("app.workflows:counts_down", kit.WORKER, 3)
  local value = kit.exit(pid).value
  assert.len(value.runs, 4)
  for i = 2, 4 do assert.neq(value.runs[i], value.runs[i - 1]) end
  assert.eq(value.id, id)
  assert.eq(value.pid, pid)
  assert.eq(value.tenant, "acme")
end

local function continues_as_another()
  local value, err = kit.exec("becomes", "app.workflows:several", "a", 2)
  assert.no_error(err)
  assert.same(value, {"a", 2})
end

local function signals_go_over()
  local pid = process.spawn_monitored("app.workflows:batches", kit.WORKER, 10)
  for i = 1, 10 do process.send(pid, "n", i) end
  assert.same(kit.exit(pid).value, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
end

return {
  cancel_is_an_event = cancel_is_an_event, cancel_stops_nothing_else = cancel_stops_nothing_else, cancelled_twice = cancelled_twice,
  cancel_of_an_unknown_one = cancel_of_an_unknown_one, terminated = terminated, errors_reach_the_caller = errors_reach_the_caller,
  every_kind_crosses = every_kind_crosses, raised_and_text = raised_and_text, activity_errors = activity_errors, activity_raises = activity_raises,
  activity_is_missing = activity_is_missing, errors_through_three = errors_through_three, continues = continues,
  continues_as_another = continues_as_another, signals_go_over = signals_go_over,
}
