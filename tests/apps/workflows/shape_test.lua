local assert = require("assert")
local kit = require("kit")

local function exec_returns_the_result()
  local value, err = kit.exec("identity", 4)
  assert.no_error(err)
  assert.eq(value.value, 5)
  assert.eq(value.id, "app.workflows:identity")
  assert.contains(value.pid, kit.WORKER)
end

local function first_value_is_the_result()
  assert.same(kit.run("several", 1, "two", {three = 3}), {1, "two", {three = 3}})
  local value, err = kit.exec("nothing")
  assert.is_nil(value)
  assert.no_error(err)
end

local function values_cross()
  local given = {n = 1, f = 1.5, s = "text", yes = true, list = {1, 2, {deep = "x"}}, empty = ""}
  assert.same(kit.run("several", given)[1], given)
  local echoed = kit.run("called", "app.workflows:echo", given, nil, "last")
  assert.eq(echoed.n, 3)
  assert.same(echoed.args[1], given)
  assert.eq(echoed.args[3], "last")
end

local function spawn_gives_the_pid()
  local pid = kit.spawn("collects")
  assert.is_string(pid)
  assert.contains(pid, "@" .. kit.WORKER .. "|")
  assert.is_true(process.send(pid, "finish"))
end

local function unknown_entries()
  local pid, err = process.spawn("app.workflows:no_such_workflow", kit.WORKER)
  assert.is_nil(pid)
  assert.is_error(err, errors.NOT_FOUND)
  local value, failed = process.exec("app.workflows:no_such_workflow", kit.WORKER)
  assert.is_nil(value)
  assert.is_error(failed, errors.NOT_FOUND)
end

local function any_function_is_an_activity()
  assert.eq(kit.run("called", "app.workflows:unmarked", 2, 3), 5)
  assert.eq(kit.run("called", "app.workflows:local_add", 2, 3), 5)
end

local function processes_are_activities()
  assert.eq(kit.run("called", "app.workflows:process_activity", 20, 22), 42)
end

local function a_type_has_a_name()
  local info = kit.run("renamed")
  assert.eq(info.workflow_type, "RenamedWorkflow")
end

local function same_code_on_a_process_host()
  local pid, err = process.spawn_monitored("app.workflows:collects", "app.lib:processes")
  assert.no_error(err)
  process.send(pid, "one", 1)
  process.send(pid, "finish")
  assert.same(kit.exit(pid).value.seen, {"one=1"})
end

local function forbidden_modules()
  for _, name in ipairs({"uses_fs", "uses_security", "uses_pg", "uses_library"}) do
    local pid, err = process.spawn("app.workflows:" .. name, kit.WORKER)
    assert.is_nil(pid, name)
    assert.is_error(err, errors.INVALID, name)
  end
end

local function allowed_modules()
  assert.eq(kit.run("allowed"), "ba7816bf")
end

return {
  exec_returns_the_result = exec_returns_the_result, first_value_is_the_result = first_value_is_the_result, values_cross = values_cross,
  spawn_gives_the_pid = spawn_gives_the_pid, unknown_entries = unknown_entries, any_function_is_an_activity = any_function_is_an_activity,
  processes_are_activities = processes_are_activities, a_type_has_a_name = a_type_has_a_name,
  same_code_on_a_process_host = same_code_on_a_process_host, forbidden_modules = forbidden_modules, allowed_modules = allowed_modules,
}
