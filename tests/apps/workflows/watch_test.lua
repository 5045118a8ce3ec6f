local assert = require("assert")
local kit = require("kit")

local WAITS = "app.workflows:waits"
local FAILS = "app.workflows:waits_and_fails"

local function heard(how, entry, before)
  local told, did = process.listen("heard"), process.listen("did")
  local pid = process.spawn(entry, kit.WORKER)
  if before then process.send(pid, "go", "done") kit.exit(pid) end
  local watcher = process.spawn("app.workflows:watcher", "app.lib:processes", process.pid(), pid, how)
  for _ = 1, #how do
    local answer = kit.take(did, "answer")
    if answer[2] ~= true then return nil, answer[3] end
  end
  if not before then process.send(pid, "go", "done") end
  local function take()
    local event = kit.take(told, "event")
    assert.eq(event.from, pid)
    return event
  end
  return take, told, watcher, pid
end

local function implied()
  local events = process.events()
  local pid = process.spawn(WAITS, kit.WORKER)
  process.send(pid, "go", 5)
  assert.eq(kit.exit(pid).value, 5)
  kit.nothing(events)
end

local function implied_and_explicit()
  local events = process.events()
  local pid = process.spawn(WAITS, kit.WORKER)
  assert.is_true(process.monitor(pid))
  process.send(pid, "go", 5)
  assert.eq(kit.exit(pid).value, 5)
  kit.nothing(events)
  pid = process.spawn(WAITS, kit.WORKER)
  assert.is_true(process.monitor(pid))
  assert.is_true(process.unmonitor(pid))
  process.send(pid, "go", 5)
  kit.nothing(events)
end

local function monitored_at_the_start()
  local pid = process.spawn_monitored(FAILS, kit.WORKER)
  process.send(pid, "go", "out of stock")
  local result = kit.exit(pid)
  assert.is_nil(result.value)
  assert.is_error(result.error, errors.CONFLICT)
  assert.eq(result.error:details().code, 7)
end

local function monitored_later()
  local take, told = heard({"monitor"}, WAITS)
  local event = take()
  assert.eq(event.kind, "pid.exit")
  assert.eq(event.value, "done")
  kit.nothing(told)
end

local function monitored_twice()
  local _, err = heard({"monitor", "monitor"}, WAITS)
  assert.contains(err, "already monitoring")
end

local function unmonitored()
  local _, told = heard({"monitor", "unmonitor"}, WAITS)
  kit.nothing(told)
end

local function linked_later()
  local take, told = heard({"link"}, FAILS)
  local event = take()
  assert.eq(event.kind, "pid.link.down")
  assert.contains(event.error, "done")
  kit.nothing(told)
end

local function linked_to_one_that_completes()
  local take, told = heard({"link"}, WAITS)
  local event = take()
  assert.eq(event.kind, "pid.exit")
  assert.eq(event.value, "done")
  kit.nothing(told)
end

local function unlinked()
  local _, told = heard({"link", "unlink"}, FAILS)
  kit.nothing(told)
end

local function both()
  local take, told = heard({"monitor", "link"}, FAILS)
  assert.eq(take().kind, "pid.exit")
  assert.eq(take().kind, "pid.link.down")
  kit.nothing(told)
end

local function after_the_end()
  process.events()
  local take, told = heard({"monitor"}, WAITS, true)
  assert.eq(take().value, "done")
  kit.nothing(told)
  take = heard({"link"}, FAILS, true)
  assert.eq(take().kind, "pid.link.down")
end

local function a_link_takes_along()
  process.events()
  local ready = process.listen("ready")
  local pid = process.spawn(FAILS, kit.WORKER)
  process.unmonitor(pid)
  local actor = process.spawn_monitored("app.workflows:linked", "app.lib:processes", process.pid(), pid)
  kit.take(ready, "ready")
  process.send(pid, "go", "gone")
  local result = kit.exit(actor)
  assert.contains(result.error:message(), "linked process failed")
end

local function an_actor_that_fails_takes_no_workflow_along()
  process.events()
  local ready = process.listen("ready")
  local pid = process.spawn_monitored(WAITS, kit.WORKER)
  local actor = process.spawn_monitored("app.workflows:linked", "app.lib:processes", process.pid(), pid)
  kit.take(ready, "ready")
  process.terminate(actor)
  kit.exit(actor)
  process.send(pid, "go", "still here")
  assert.eq(kit.exit(pid).value, "still here")
end

local function unknown()
  local missing = string.gsub(kit.spawn("nothing"), "|.*", "|never-was}")
  for _, verb in ipairs({"monitor", "link"}) do
    local ok, err = process[verb](missing)
    assert.is_nil(ok, verb)
    assert.has_error(err, verb)
  end
  assert.is_true(process.unmonitor(missing))
  assert.is_true(process.unlink(missing))
end

local function terminated_are_heard()
  local take, told, _, pid = heard({"monitor", "link"}, "app.workflows:sleeps_long")
  process.terminate(pid)
  assert.eq(take().kind, "pid.exit")
  local down = take()
  assert.eq(down.kind, "pid.link.down")
  assert.contains(down.error, "terminated")
  kit.nothing(told)
end

local function over_a_chain()
  local told = process.listen("heard")
  local pid = process.spawn("app.workflows:batches", kit.WORKER, 7)
  process.spawn("app.workflows:watcher", "app.lib:processes", process.pid(), pid, {"monitor", "link"})
  for i = 1, 7 do process.send(pid, "n", i) end
  local event = kit.take(told, "event")
  assert.eq(event.kind, "pid.exit")
  assert.same(event.value, {1, 2, 3, 4, 5, 6, 7})
  kit.nothing(told)
end

return {
  implied = implied, implied_and_explicit = implied_and_explicit, monitored_at_the_start = monitored_at_the_start, monitored_later = monitored_later,
  monitored_twice = monitored_twice, unmonitored = unmonitored, linked_later = linked_later, linked_to_one_that_completes = linked_to_one_that_completes,
  unlinked = unlinked, both = both, after_the_end = after_the_end, a_link_takes_along = a_link_takes_along,
  an_actor_that_fails_takes_no_workflow_along = an_actor_that_fails_takes_no_workflow_along, unknown = unknown,
  terminated_are_heard = terminated_are_heard, over_a_chain = over_a_chain,
}
