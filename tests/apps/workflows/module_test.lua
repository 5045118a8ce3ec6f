local assert = require("assert")
local kit = require("kit")
local uuid = require("uuid")
local workflow = require("workflow")

local function info()
  local id = uuid.v4()
  local seen, err = kit.with({["workflow.id"] = id}):exec("app.workflows:info", kit.WORKER)
  assert.no_error(err)
  assert.eq(seen.workflow_id, id)
  assert.eq(seen.workflow_type, "app.workflows:info")
  assert.eq(seen.task_queue, kit.QUEUE)
  assert.eq(seen.attempt, 1)
  assert.ok(#seen.run_id > 0)
  assert.neq(seen.run_id, id)
  assert.is_string(seen.namespace)
  assert.is_number(seen.history_length)
  assert.is_number(seen.history_size)
end

local function lengths()
  local seen = kit.run("lengths")
  assert.gt(seen.length, 0)
  assert.gte(seen.size, 0)
  assert.is_true(seen.more)
  assert.is_true(seen.bytes)
end

local function versions()
  local seen = kit.run("versions")
  assert.eq(seen.first, 3)
  assert.eq(seen.again, 3)
  assert.eq(seen.empty, "Invalid")
  assert.eq(seen.crossed, "Invalid")
end

local function attrs()
  local seen = kit.run("describes_itself")
  assert.is_true(seen.ok)
  assert.is_nil(seen.err)
  assert.eq(seen.none, "Invalid")
end

local function exec_of_a_child()
  local value = kit.run("executes_child", "app.workflows:called", "app.workflows:add", 2, 5)
  assert.eq(value, 7)
  local _, err = kit.exec("executes_child", "app.workflows:fails_with", {message = "down", kind = "Unavailable", retryable = false})
  assert.is_error(err, errors.UNAVAILABLE)
  assert.contains(err:message(), "down")
end

local function outside()
  assert.is_nil((workflow.info()))
  assert.eq(workflow.version("x", 1, 4), 4)
  assert.eq(workflow.history_length(), 0)
  assert.eq(workflow.history_size(), 0)
  local value, err = workflow.exec("app.workflows:nothing")
  assert.is_nil(value)
  assert.is_error(err, errors.INVALID)
  local version, crossed = workflow.version("x", 4, 1)
  assert.is_nil(version)
  assert.is_error(crossed, errors.INVALID)
end

return {info = info, lengths = lengths, versions = versions, attrs = attrs, exec_of_a_child = exec_of_a_child, outside = outside}
