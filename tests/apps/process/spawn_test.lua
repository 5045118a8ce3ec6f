local assert = require("assert")
local time = require("time")

local HOST = "app.process:host"


-- Receives, or fails the test after half a minute.
local function take(ch, what)
  local result = channel.select{ch:case_receive(), time.after("30s"):case_receive()}
  assert.eq(result.channel, ch, "no " .. what .. " in half a minute")
  return result.value
end

local function returns_a_pid()
  local reports = process.listen("report", {message = true})
  local pid, err = process.spawn("app.process:reporter", HOST, process.pid())
  assert.is_nil(err)
  assert.ok(string.find(pid, "^{.+@" .. HOST .. "|0x%x%x%x%x%x+}$"), "shape of " .. tostring(pid))
  local msg = take(reports, "report")
  local payloads = msg:payload()
  assert.eq(payloads[1]:data(), pid)
  assert.eq(payloads[2]:data(), "app.process:reporter")
  assert.eq(msg:from(), pid)
end

local function before_it_runs()
  local reports = process.listen("report")
  process.spawn("app.process:reporter", HOST, process.pid())
  local now = channel.select{reports:case_receive(), default = true}
  assert.ok(now.default, "the child has run before spawn returned")
  take(reports, "report")
end

local function init_errors()
  local pid, err = process.spawn("app.process:no_method", HOST)
  assert.is_nil(pid)
  assert.is_error(err, errors.NOT_FOUND)
  assert.error_contains(err, "not found in module")
  pid, err = process.spawn("app.process:broken_chunk", HOST)
  assert.is_nil(pid)
  assert.error_contains(err, "broken on purpose")
  pid, err = process.spawn("app.process:unknown_module", HOST)
  assert.is_nil(pid)
  assert.error_contains(err, "no_such_module")
end

local function unknown_things()
  local pid, err = process.spawn("app.process:nowhere", HOST)
  assert.is_nil(pid)
  assert.is_error(err, errors.NOT_FOUND)
  assert.error_contains(err, "factory not found")
  pid, err = process.spawn("app.process:idle", "app.process:no_host")
  assert.is_nil(pid)
  assert.is_error(err, errors.NOT_FOUND)
  assert.error_contains(err, "host not found")
  for _, of_functions in ipairs({"", "#lua"}) do -- this test is a function, and on their host nothing else is started
    for _, name in ipairs({"spawn", "spawn_monitored", "spawn_linked"}) do
      pid, err = process[name]("app.process:idle", of_functions)
      assert.is_nil(pid)
      assert.is_error(err, errors.NOT_FOUND)
      assert.error_contains(err, "host not found")
    end
  end
  pid, err = process.spawn("app.process:idle", "app.process:stopped_host")
  assert.is_nil(pid)
  assert.is_error(err, errors.UNAVAILABLE)
  assert.error_contains(err, "host is not running")
end

local function too_few_arguments()
  for _, name in ipairs({"spawn", "spawn_monitored", "spawn_linked", "spawn_linked_monitored"}) do
    local pid, err = process[name]("app.process:idle")
    assert.is_nil(pid, name)
    assert.is_error(err, errors.INVALID, name)
    pid, err = process[name]()
    assert.is_nil(pid, name)
    assert.is_error(err, errors.INVALID, name)
  end
end

local function spawns_only_processes()
  local pid, err = process.spawn("app.process:spawn_returns_a_pid", HOST)
  assert.is_nil(pid)
  assert.is_error(err, errors.NOT_FOUND)
end

local function no_exit_is_missed()
  local events = process.events()
  for _ = 1, 20 do
    local pid = process.spawn_monitored("app.process:nothing", HOST)
    local event = take(events, "EXIT")
    assert.eq(event.kind, process.event.EXIT)
    assert.eq(event.from, pid)
  end
end

local function linked_and_monitored()
  process.set_options({trap_links = true})
  local events = process.events()
  local pid = process.spawn_linked_monitored("app.process:raising", HOST)
  local first, second = take(events, "EXIT"), take(events, "LINK_DOWN")
  assert.eq(first.kind, process.event.EXIT)
  assert.eq(second.kind, process.event.LINK_DOWN)
  assert.eq(first.from, pid)
  assert.eq(second.from, pid)
end

local function child_outlives_parent()
  local children = process.listen("child")
  local events = process.events()
  local parent = process.spawn_monitored("app.process:waiting_parent", HOST, HOST, process.pid())
  local child = take(children, "child")
  assert.eq(take(events, "EXIT").from, parent)
  assert.ok(process.send(child, "still", "there"))
end

local function context_is_inherited()
  local value, err = process.with_context({tenant = "acme"}):exec("app.process:context_reader", HOST, "tenant")
  assert.is_nil(err)
  assert.eq(value, "acme")
  local funcs = require("funcs")
  value, err = funcs.new():with_context({tenant = "umbrella"}):call("app.process:spawn_inherits", HOST)
  assert.is_nil(err)
  assert.eq(value, "umbrella")
end

local function inherits(host)
  return process.exec("app.process:context_reader", host, "tenant")
end

local function arguments_arrive()
  local got = process.exec("app.process:echo", HOST, 1, nil, "three", {four = 4}, nil)
  assert.eq(got.n, 5)
  assert.eq(got.args[1], 1)
  assert.is_nil(got.args[2])
  assert.eq(got.args[3], "three")
  assert.eq(got.args[4].four, 4)
end

return {
  returns_a_pid = returns_a_pid, before_it_runs = before_it_runs, init_errors = init_errors,
  unknown_things = unknown_things, too_few_arguments = too_few_arguments, spawns_only_processes = spawns_only_processes,
  no_exit_is_missed = no_exit_is_missed, linked_and_monitored = linked_and_monitored,
  child_outlives_parent = child_outlives_parent, context_is_inherited = context_is_inherited, inherits = inherits,
  arguments_arrive = arguments_arrive,
}
