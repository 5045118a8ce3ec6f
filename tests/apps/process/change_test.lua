local assert = require("assert")
local time = require("time")
local registry = require("registry")

local HOST = "app.process:host"

local function take(ch, what)
  local result = channel.select{ch:case_receive(), time.after("30s"):case_receive()}
  assert.eq(result.channel, ch, "no " .. what .. " in half a minute")
  return result.value
end

local function apply(verb, ...)
  local changes = registry.snapshot():changes()
  for _, entry in ipairs({...}) do changes[verb](changes, entry) end
  local version, err = changes:apply()
  assert.is_nil(err)
  return version
end

local SOURCE = [[
local function main(to)
  if VERSION ~= "quiet" then process.set_options({upgradable = true}) end
  local events = process.events()
  process.send(to, "version", VERSION, process.pid())
  while true do
    local event = events:receive()
    process.send(to, "event", event.kind, event.sources, event.reason)
    if event.kind == process.event.OUTDATED then process.upgrade(nil, to) end
    if event.kind == process.event.CANCEL then return end
  end
end
return {main = main}
]]

local function worker(name, version)
  return {
    id = "app.process:" .. name, kind = "process.lua", meta = {},
    data = {source = (string.gsub(SOURCE, "VERSION", '"' .. version .. '"')), method = "main"},
  }
end

local function outdated()
  local versions, events = process.listen("version"), process.listen("event")
  apply("create", worker("changing", "one"))
  local pid = process.spawn("app.process:changing", HOST, process.pid())
  assert.eq(take(versions, "version")[1], "one")
  apply("update", worker("changing", "two"))
  local event = take(events, "event")
  assert.eq(event[1], "pid.outdated")
  assert.same(event[2], {"app.process:changing"})
  local now = take(versions, "version")
  assert.eq(now[1], "two")
  assert.eq(now[2], pid)
  process.terminate(pid)
  apply("delete", "app.process:changing")
end

local function not_asked_for()
  local versions, events = process.listen("version"), process.listen("event")
  apply("create", worker("quiet", "quiet"))
  local pid = process.spawn("app.process:quiet", HOST, process.pid())
  take(versions, "version")
  apply("update", worker("quiet", "quiet "))
  local nothing = channel.select{events:case_receive(), time.after("30ms"):case_receive()}
  assert.neq(nothing.channel, events, "an event that nobody has asked for")
  assert.ok(process.cancel(pid, "done"), "it runs on with the old code")
  assert.eq(take(events, "event")[1], process.event.CANCEL)
  apply("delete", "app.process:quiet")
end

local function host_stops()
  local versions, events = process.listen("version"), process.listen("event")
  apply("create", {id = "app.process:short_lived", kind = "process.host", meta = {}, data = {lifecycle = {auto_start = true}}},
    worker("on_it", "any"))
  local pid, err
  for _ = 1, 100 do
    pid, err = process.spawn("app.process:on_it", "app.process:short_lived", process.pid())
    if pid then break end
    time.sleep("5ms")
  end
  assert.is_nil(err)
  take(versions, "version")
  apply("delete", "app.process:short_lived")
  local event = take(events, "event")
  assert.eq(event[1], process.event.CANCEL)
  assert.eq(event[3], "scheduler shutdown")
  apply("delete", "app.process:on_it")
end

local function service_stops()
  local versions, events = process.listen("version"), process.listen("event")
  apply("create", worker("served", "any"), {
    id = "app.process:service", kind = "process.service", meta = {},
    data = {process = "app.process:served", host = HOST, input = {process.pid()}, lifecycle = {auto_start = true}},
  })
  take(versions, "version")
  apply("delete", "app.process:service")
  local event = take(events, "event")
  assert.eq(event[1], process.event.CANCEL)
  assert.eq(event[3], "service stopping")
  apply("delete", "app.process:served")
end

return {outdated = outdated, not_asked_for = not_asked_for, host_stops = host_stops, service_stops = service_stops}
