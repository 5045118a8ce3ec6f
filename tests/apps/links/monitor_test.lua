local assert = require("assert")
local time = require("time")

local HOST = "app.links:host"

local function take(ch, what)
  local result = channel.select{ch:case_receive(), time.after("30s"):case_receive()}
  assert.eq(result.channel, ch, "no " .. what .. " in half a minute")
  return result.value
end

local function nothing_in(ch)
  local result = channel.select{ch:case_receive(), time.after("20ms"):case_receive()}
  return result.channel ~= ch
end

local function obedient() return process.spawn("app.links:obey", HOST) end

local function gives_exit()
  local events = process.events()
  local pid = obedient()
  local ok, err = process.monitor(pid)
  assert.eq(ok, true)
  assert.is_nil(err)
  process.send(pid, "return", {answer = 42})
  local event = take(events, "EXIT")
  assert.eq(event.kind, "pid.exit")
  assert.eq(event.from, pid)
  assert.eq(math.type(event.at), "integer")
  assert.near(event.at, time.now():unix(), 30)
  assert.eq(event.result.value.answer, 42)
  assert.is_nil(event.result.error)
end

local function of_the_dead()
  local events = process.events()
  local pid = process.spawn_monitored("app.links:ends", HOST)
  take(events, "EXIT")
  local ok, err = process.monitor(pid)
  assert.is_nil(ok)
  assert.is_error(err, errors.INTERNAL)
  assert.eq(err:retryable(), false)
  assert.error_contains(err, "pid not registered")
  assert.ok(nothing_in(events), "an EXIT of a dead process")
end

local function twice()
  local pid = obedient()
  assert.ok(process.monitor(pid))
  local ok, err = process.monitor(pid)
  assert.is_nil(ok)
  assert.is_error(err, errors.INTERNAL)
  assert.eq(err:retryable(), false)
  assert.error_contains(err, "already monitoring pid")
end

local function fires_once()
  local events = process.events()
  local pid = process.spawn_monitored("app.links:obey", HOST)
  process.send(pid, "return", 1)
  take(events, "EXIT")
  assert.ok(nothing_in(events))
end

local function unmonitored()
  local events = process.events()
  local pid = process.spawn_monitored("app.links:obey", HOST)
  assert.eq(process.unmonitor(pid), true)
  process.send(pid, "return", 1)
  assert.ok(nothing_in(events))
  assert.ok(process.unmonitor(pid), "unmonitor of nothing")
end

local function monitored_again()
  local events = process.events()
  local pid = process.spawn_monitored("app.links:obey", HOST)
  process.unmonitor(pid)
  assert.ok(process.monitor(pid))
  process.send(pid, "return", 1)
  take(events, "EXIT")
end

local function of_a_name_or_nonsense()
  local ok, err = process.monitor("nobody")
  assert.is_nil(ok)
  assert.is_error(err, errors.INTERNAL)
  ok, err = process.link("nobody")
  assert.is_nil(ok)
  assert.is_error(err, errors.INTERNAL)
  local events, pid = process.events(), obedient()
  process.registry.register("watched-by-name", pid)
  assert.ok(process.monitor("watched-by-name"))
  process.send(pid, "return", 1)
  assert.eq(take(events, "EXIT").from, pid)
end

local function of_itself()
  local answers = process.listen("self")
  process.spawn("app.links:self_linked", HOST, process.pid())
  assert.same(take(answers, "answer"), {true, true})
end

local function several_watchers()
  local events = process.events()
  local pid = process.spawn_monitored("app.links:obey", HOST)
  local trapped, ready = process.listen("event"), process.listen("ready")
  local other = process.spawn("app.links:trapping", HOST, process.pid())
  take(ready, "ready")
  local linked = process.listen("linked")
  process.send(pid, "link", other)
  take(linked, "link")
  process.send(other, "open")
  process.send(pid, "raise", "gone")
  assert.eq(take(events, "EXIT").from, pid)
  assert.eq(take(trapped, "event")[2], pid)
end

return {
  gives_exit = gives_exit, of_the_dead = of_the_dead, twice = twice, fires_once = fires_once, unmonitored = unmonitored,
  monitored_again = monitored_again, of_a_name_or_nonsense = of_a_name_or_nonsense, of_itself = of_itself,
  several_watchers = several_watchers,
}
