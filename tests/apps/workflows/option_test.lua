local assert = require("assert")
local kit = require("kit")
local uuid = require("uuid")

local COLLECTS = "app.workflows:collects"

local function finish(pid) process.send(pid, "finish") end

local function existing_is_used()
  local id = uuid.v4()
  local first, err = kit.with({["workflow.id"] = id}):spawn(COLLECTS, kit.WORKER)
  assert.no_error(err)
  assert.contains(first, id)
  local second, failed = kit.with({["temporal.workflow.id"] = id}):with_message("again", 2):spawn_monitored(COLLECTS, kit.WORKER)
  assert.no_error(failed)
  assert.eq(second, first)
  finish(first)
  assert.same(kit.exit(first).value.seen, {"again=2"})
end

local function a_name_is_an_id()
  local name = "desk-" .. uuid.v4()
  local first, err = kit.with({}):with_name(name):spawn(COLLECTS, kit.WORKER)
  assert.no_error(err)
  assert.contains(first, name)
  local second = kit.with({}):with_name(name):with_message("more", 1):spawn_monitored(COLLECTS, kit.WORKER)
  assert.eq(second, first)
  assert.is_true(process.send(name, "by_name", 2))
  finish(name)
  assert.same(kit.exit(first).value.seen, {"more=1", "by_name=2"})
end

local function conflict_fails()
  local id = uuid.v4()
  local pid = kit.with({["workflow.id"] = id}):spawn_monitored(COLLECTS, kit.WORKER)
  for _, options in ipairs({
    {["workflow.id_conflict_policy"] = "fail"}, {["temporal.workflow.id_conflict_policy"] = "FAIL"},
    {["workflow.execution_error_when_already_started"] = true},
  }) do
    options["workflow.id"] = id
    local second, err = kit.with(options):with_message("never", 1):spawn(COLLECTS, kit.WORKER)
    assert.is_nil(second)
    assert.is_error(err, errors.ALREADY_EXISTS)
  end
  finish(pid)
  assert.same(kit.exit(pid).value.seen, {})
end

local function conflict_terminates()
  local id = uuid.v4()
  local first = kit.with({["workflow.id"] = id}):spawn_monitored(COLLECTS, kit.WORKER)
  local second, err = kit.with({["workflow.id"] = id, ["workflow.id_conflict_policy"] = "terminate_existing"}):spawn("app.workflows:waits", kit.WORKER)
  assert.no_error(err)
  assert.eq(second, first)
  assert.is_error(kit.exit(first).error, errors.CANCELED)
  process.monitor(second)
  process.send(second, "go", "new one")
  assert.eq(kit.exit(second).value, "new one")
end

local function reuse()
  local id = uuid.v4()
  local function again(policy) return kit.with({["workflow.id"] = id, ["workflow.id_reuse_policy"] = policy}):exec("app.workflows:several", kit.WORKER, policy) end
  assert.no_error(select(2, again("allow_duplicate")))
  assert.no_error(select(2, again("allow_duplicate")))
  local _, err = again("reject_duplicate")
  assert.is_error(err, errors.ALREADY_EXISTS)
  _, err = again("allow_duplicate_failed_only")
  assert.is_error(err, errors.ALREADY_EXISTS)
  local failed = uuid.v4()
  local options = {["workflow.id"] = failed, ["workflow.id_reuse_policy"] = "ALLOW_DUPLICATE_FAILED_ONLY"}
  kit.with(options):exec("app.workflows:raises", kit.WORKER)
  local value, wrong = kit.with(options):exec("app.workflows:several", kit.WORKER, 1)
  assert.no_error(wrong)
  assert.same(value, {1})
end

local function messages_with_the_start()
  local pid, err = kit.with({}):with_message("one", 1):with_message("two", {2}):with_message("three"):spawn_monitored(COLLECTS, kit.WORKER)
  assert.no_error(err)
  process.send(pid, "four", 4)
  finish(pid)
  local value = kit.exit(pid).value
  assert.eq(value.seen[1], "one=1")
  assert.matches(value.seen[2], "^two=")
  assert.eq(value.seen[3], "three=nil")
  assert.eq(value.seen[4], "four=4")
  local asked = kit.with({}):with_message("ask", 1):spawn(COLLECTS, kit.WORKER)
  local answer = kit.take(process.listen("answer", {message = true}), "answer")
  assert.eq(answer:from(), asked)
  finish(asked)
end

local function times_out()
  for _, name in ipairs({"workflow.execution_timeout", "temporal.workflow.run_timeout"}) do
    local _, err = kit.with({[name] = "30ms"}):exec("app.workflows:sleeps_long", kit.WORKER)
    assert.is_error(err, errors.TIMEOUT, name)
  end
  local _, err = kit.with({["workflow.run_timeout"] = 30}):exec("app.workflows:sleeps_long", kit.WORKER)
  assert.is_error(err, errors.TIMEOUT)
end

local function starts_late()
  local pid = kit.with({["workflow.start_delay"] = 40}):spawn_monitored("app.workflows:nothing", kit.WORKER)
  kit.nothing(process.events(), "20ms")
  assert.is_nil(kit.exit(pid).error)
end

local function retried()
  local key = uuid.v4()
  local value, err = kit.with({["workflow.retry_policy"] = {initial_interval = 1, maximum_attempts = 3}}):exec("app.workflows:needs_attempts", kit.WORKER, key, 3)
  assert.no_error(err)
  assert.eq(value, 3)
end

local function described()
  local pid, err = kit.with({
    ["workflow.memo"] = {note = "n"}, ["workflow.search_attributes"] = {customer = "acme", count = 3, paid = true, tags = {"a", "b"}},
    ["workflow.summary"] = "what it is", ["workflow.static_details"] = "more", ["workflow.priority"] = 2, ["workflow.task_timeout"] = "5s",
    ["workflow.enable_eager_start"] = true,
  }):spawn_monitored("app.workflows:nothing", kit.WORKER)
  assert.no_error(err)
  assert.is_nil(kit.exit(pid).error)
end

local function wrong_values()
  for name, value in pairs({["workflow.id"] = 5, ["workflow.run_timeout"] = {}, ["workflow.id_conflict_policy"] = "perhaps", ["workflow.retry_policy"] = 3}) do
    local pid, err = kit.with({[name] = value}):spawn("app.workflows:nothing", kit.WORKER)
    assert.is_nil(pid, name)
    assert.is_error(err, errors.INVALID, name)
  end
end

local function unprefixed_wins()
  local id = uuid.v4()
  local pid = kit.with({["workflow.id"] = id, ["temporal.workflow.id"] = "other-" .. id}):spawn("app.workflows:nothing", kit.WORKER)
  assert.contains(pid, "|" .. id .. "}")
end

return {
  existing_is_used = existing_is_used, a_name_is_an_id = a_name_is_an_id, conflict_fails = conflict_fails, conflict_terminates = conflict_terminates,
  reuse = reuse, messages_with_the_start = messages_with_the_start, times_out = times_out, starts_late = starts_late, retried = retried,
  described = described, wrong_values = wrong_values, unprefixed_wins = unprefixed_wins,
}
