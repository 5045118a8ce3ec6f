local assert = require("assert")
local kit = require("kit")
local uuid = require("uuid")

local function spawned_are_heard()
  for _, how in ipairs({"spawn", "spawn_monitored", "spawn_linked", "spawn_linked_monitored"}) do
    local seen = kit.run("child_of", how, "app.workflows:called", kit.QUEUE, "app.workflows:add", 4, 5)
    assert.eq(seen.kind, "pid.exit", how)
    assert.is_true(seen.same)
    assert.eq(seen.value, 9)
    assert.is_nil(seen.error)
    assert.is_true(seen.has_at)
  end
end

local function failing_are_heard_and_not_linked()
  for _, how in ipairs({"spawn", "spawn_linked_monitored"}) do
    local seen = kit.run("child_of", how, "app.workflows:fails_with", kit.WORKER, {message = "sold out", kind = "Conflict", retryable = false})
    assert.eq(seen.kind, "pid.exit", how)
    assert.contains(seen.error, "sold out")
    assert.eq(seen.error_kind, "Conflict")
    assert.is_false(seen.retryable)
  end
end

local function many() assert.eq(kit.run("many_children", 8), 36) end

local function executed()
  local seen = kit.run("executes", "app.workflows:called", kit.QUEUE, "app.workflows:add", 1, 1)
  assert.eq(seen.value, 2)
  seen = kit.run("executes", "app.workflows:fails_with", kit.WORKER, {message = "no", kind = "Invalid", retryable = false})
  assert.eq(seen.kind, "Invalid")
  assert.contains(seen.message, "no")
  assert.is_false(seen.retryable)
end

local function grandchildren()
  local seen = kit.run("executes", "app.workflows:executes", kit.QUEUE, "app.workflows:called", kit.WORKER, "app.workflows:add", 20, 22)
  assert.eq(seen.value.value, 42)
end

local function talked_to()
  local seen = kit.run("talks_to_child")
  assert.eq(seen.answer, 2)
  assert.same(seen.seen, {"hello=first", "ask=second"})
  assert.is_true(seen.from)
  assert.contains(seen.pid, "-child")
end

local function stopped()
  for _, verb in ipairs({"cancel", "terminate"}) do
    local seen = kit.run("stops_child", verb)
    assert.is_true(seen.ok, verb)
    assert.eq(seen.kind, "pid.exit")
    assert.eq(seen.value.kind, "pid.cancel", verb)
    assert.eq(seen.value.cleaned, 3)
  end
end

local function hosts()
  for _, host in ipairs({"", kit.QUEUE, kit.WORKER}) do
    assert.is_nil(kit.run("spawns_onto", host).kind, host)
  end
  local seen = kit.run("spawns_onto", "app.lib:processes")
  assert.eq(seen.kind, "Invalid")
  assert.contains(seen.message, "function")
end

local function unknown_child()
  local value, err = kit.exec("child_of", "spawn", "app.workflows:no_such_workflow", "")
  assert.is_nil(value)
  assert.is_error(err, errors.NOT_FOUND)
end

local function policies()
  local ends = {}
  for _, policy in ipairs({"terminate", "abandon", "request_cancel"}) do
    local id = "child-" .. policy .. "-" .. uuid.v4()
    local gate = uuid.v4()
    local parent = kit.with({["workflow.id"] = gate}):spawn_monitored("app.workflows:child_of_policy", kit.WORKER, policy, id)
    local child = kit.exit(parent).value
    assert.contains(child, id)
    local ok = process.monitor(child)
    if policy == "abandon" then
      assert.is_true(ok)
      kit.nothing(process.events(), "20ms")
      process.cancel(child)
    end
    ends[policy] = kit.exit(child)
  end
  assert.is_error(ends.terminate.error, errors.CANCELED)
  assert.eq(ends.abandon.value.kind, "pid.cancel")
  assert.eq(ends.request_cancel.value.kind, "pid.cancel")
end

local function ids()
  local seen = kit.run("child_id_twice", "child-" .. uuid.v4())
  assert.is_true(seen.same)
  assert.is_nil(seen.third)
  assert.eq(seen.kind, "AlreadyExists")
end

local function contexts()
  local value, err = process.with_context({tenant = "acme"}):exec("app.workflows:context_of_child", kit.WORKER, {extra = "x"})
  assert.no_error(err)
  assert.eq(value.own, "acme")
  assert.eq(value.inherited.tenant, "acme")
  assert.eq(value.inherited.extra, "x")
end

local function watching_is_for_actors()
  local seen = kit.run("watches")
  for _, verb in ipairs({"monitor", "unmonitor", "link", "unlink"}) do
    assert.is_true(seen[verb].nothing, verb)
    assert.eq(seen[verb].kind, "Invalid", verb)
    assert.is_false(seen[verb].retryable, verb)
    assert.contains(seen[verb].message, "not supported in workflow context", verb)
  end
end

local function workflows_stop_workflows()
  for _, verb in ipairs({"cancel", "terminate"}) do
    local pid = process.spawn_monitored("app.workflows:obeys", kit.WORKER)
    assert.is_true(kit.run("stops", verb, pid).ok, verb)
    assert.eq(kit.exit(pid).value.kind, "pid.cancel", verb)
  end
end

return {
  spawned_are_heard = spawned_are_heard, failing_are_heard_and_not_linked = failing_are_heard_and_not_linked, many = many, executed = executed,
  grandchildren = grandchildren, talked_to = talked_to, stopped = stopped, hosts = hosts, unknown_child = unknown_child, policies = policies,
  ids = ids, contexts = contexts, watching_is_for_actors = watching_is_for_actors, workflows_stop_workflows = workflows_stop_workflows,
}
