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

local function to_the_dead()
  local events = process.events()
  local pid = process.spawn_monitored("app.links:ends", HOST)
  take(events, "EXIT")
  local ok, err = process.link(pid)
  assert.is_nil(ok)
  assert.is_error(err, errors.INTERNAL)
  assert.eq(err:retryable(), false)
end

local function twice_is_fine()
  local pid = obedient()
  assert.eq(process.link(pid), true)
  assert.eq(process.link(pid), true)
  assert.eq(process.unlink(pid), true)
  process.send(pid, "raise", "alone")
  time.sleep("10ms")
  assert.eq(process.unlink(pid), true, "unlink of nothing")
end

local function is_symmetric()
  local events = process.events()
  local ready = process.listen("ready")
  local one = process.spawn_monitored("app.links:obey", HOST)
  local other = process.spawn_monitored("app.links:obey", HOST)
  local linked = process.listen("linked")
  process.send(one, "link", other)
  assert.eq(take(linked, "answer"), true)
  process.send(other, "raise", "the linked one")
  local ends = {[take(events, "EXIT").from] = true, [take(events, "EXIT").from] = true}
  assert.ok(ends[one] and ends[other])
end

local function takes_the_peer_along()
  local events, linked = process.events(), process.listen("linked")
  local one = process.spawn_monitored("app.links:obey", HOST)
  local other = obedient()
  process.send(one, "link", other)
  take(linked, "answer")
  process.send(other, "raise", "boom")
  local event = take(events, "EXIT")
  assert.eq(event.from, one)
  assert.eq(event.result.error:message(), "linked process failed")
  assert.is_error(event.result.error, errors.INTERNAL)
end

local function cascades()
  local events, children = process.events(), process.listen("child")
  local top = process.spawn_monitored("app.links:parent_of_parent", HOST, "app.links:parent_of_waiting", process.pid())
  local middle = take(children, "child")
  process.terminate(middle)
  local event = take(events, "EXIT")
  assert.eq(event.from, top)
  assert.error_contains(event.result.error, "linked process failed")
end

local function good_end_says_nothing()
  process.set_options({trap_links = true})
  local events = process.events()
  local pid = process.spawn_linked("app.links:obey", HOST)
  process.send(pid, "return", 1)
  assert.ok(nothing_in(events))
end


local function link_down()
  process.set_options({trap_links = true})
  local events = process.events()
  local pid = process.spawn_linked("app.links:obey", HOST)
  process.send(pid, "raise", "boom")
  local event = take(events, "LINK_DOWN")
  assert.eq(event.kind, process.event.LINK_DOWN)
  assert.eq(event.type, "LINK_DOWN")
  assert.eq(event.from, pid)
  assert.eq(math.type(event.at), "integer")
  assert.is_nil(event.result.value)
  assert.error_contains(event.result.error, "boom")
  assert.is_error(event.result.error, errors.INTERNAL)
end

local function waits_until_events_are_opened()
  local ready, trapped = process.listen("ready"), process.listen("event")
  local trapping = process.spawn("app.links:trapping", HOST, process.pid())
  take(ready, "ready")
  local pid, linked = obedient(), process.listen("linked")
  process.send(pid, "link", trapping)
  take(linked, "answer")
  process.send(pid, "raise", "early")
  time.sleep("10ms")
  process.send(trapping, "open")
  local got = take(trapped, "event")
  assert.eq(got[1], process.event.LINK_DOWN)
  assert.eq(got[2], pid)
  assert.contains(got[3], "early")
end

local function kills_whoever_never_opened_events()
  local events, linked = process.events(), process.listen("linked")
  local quiet = process.spawn_monitored("app.links:waits", HOST)
  local pid = obedient()
  process.send(pid, "link", quiet)
  take(linked, "answer")
  process.terminate(pid)
  local event = take(events, "EXIT")
  assert.eq(event.from, quiet)
  assert.error_contains(event.result.error, "linked process failed")
end

local function exit_comes_before_link_down()
  process.set_options({trap_links = true})
  local events = process.events()
  local pid = obedient()
  process.link(pid)
  process.monitor(pid)
  process.send(pid, "raise", "boom")
  assert.eq(take(events, "EXIT").kind, process.event.EXIT)
  assert.eq(take(events, "LINK_DOWN").kind, process.event.LINK_DOWN)
  assert.ok(nothing_in(events))
end

local function options()
  local before = process.get_options()
  assert.eq(before.trap_links, false)
  local ok, err = process.set_options({trap_links = true})
  assert.eq(ok, true)
  assert.is_nil(err)
  assert.eq(process.get_options().trap_links, true)
  process.set_options({trap_links = false})
  assert.eq(process.get_options().trap_links, false)
end

local function unknown_option()
  local ok, err = process.set_options({no_such_thing = true})
  assert.eq(ok, false)
  assert.is_error(err, errors.INVALID)
  assert.error_contains(err, "option no_such_thing is not supported")
  ok, err = process.set_options({trap_links = "yes"})
  assert.eq(ok, false)
  assert.is_error(err, errors.INVALID)
  ok, err = process.set_options("trap_links")
  assert.eq(ok, false)
  assert.is_error(err, errors.INVALID)
end

local function unlinked()
  process.set_options({trap_links = true})
  local events = process.events()
  local pid = process.spawn_linked("app.links:obey", HOST)
  assert.eq(process.unlink(pid), true)
  process.send(pid, "raise", "boom")
  assert.ok(nothing_in(events))
end

return {
  to_the_dead = to_the_dead, twice_is_fine = twice_is_fine, is_symmetric = is_symmetric,
  takes_the_peer_along = takes_the_peer_along, cascades = cascades, good_end_says_nothing = good_end_says_nothing,
  link_down = link_down,
  waits_until_events_are_opened = waits_until_events_are_opened,
  kills_whoever_never_opened_events = kills_whoever_never_opened_events,
  exit_comes_before_link_down = exit_comes_before_link_down, options = options, unknown_option = unknown_option,
  unlinked = unlinked,
}
