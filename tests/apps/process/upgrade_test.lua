local assert = require("assert")
local time = require("time")

local HOST = "app.process:host"
local ONE, TWO = "app.process:worker_one", "app.process:worker_two"

local function take(ch, what)
  local result = channel.select{ch:case_receive(), time.after("30s"):case_receive()}
  assert.eq(result.channel, ch, "no " .. what .. " in half a minute")
  return result.value
end

local function ask(pid, versions)
  assert.ok(process.send(pid, "who", process.pid()))
  return take(versions, "version")
end

local function goes_on_as_another_entry()
  local versions = process.listen("version")
  local pid = process.spawn(ONE, HOST, "first")
  assert.eq(ask(pid, versions).version, "one")
  process.send(pid, "upgrade", {to = TWO, arg = "second"})
  local now = ask(pid, versions)
  assert.eq(now.version, "two")
  assert.eq(now.pid, pid)
  assert.eq(now.id, TWO)
  assert.eq(now.born, TWO)
  assert.eq(now.args[1], "second")
end

local function goes_on_as_itself()
  local versions = process.listen("version")
  local pid = process.spawn(ONE, HOST, "first")
  process.send(pid, "upgrade twice")
  local now = ask(pid, versions)
  assert.eq(now.args[1], "again")
  assert.eq(now.id, ONE)
  process.send(pid, "upgrade twice")
  assert.eq(ask(pid, versions).pid, pid)
end

local function keeps_names_links_and_monitors()
  process.set_options({trap_links = true})
  local versions, events = process.listen("version"), process.events()
  local pid = process.with_context({}):with_name("upgraded"):spawn_linked_monitored(ONE, HOST)
  process.send(pid, "upgrade", {to = TWO})
  assert.eq(ask(pid, versions).version, "two")
  assert.eq(process.registry.lookup("upgraded"), pid)
  process.send(pid, "fail")
  local exit, down = take(events, "EXIT"), take(events, "LINK_DOWN")
  assert.error_contains(exit.result.error, "failed as two")
  assert.eq(down.from, pid)
end

local function keeps_unread_messages()
  local versions = process.listen("version")
  local pid = process.spawn(ONE, HOST)
  process.send(pid, "upgrade", {to = TWO})
  for _ = 1, 5 do process.send(pid, "who", process.pid()) end
  for _ = 1, 5 do assert.eq(take(versions, "version").version, "two") end
end

local function loses_options()
  local versions = process.listen("version")
  local pid = process.spawn(ONE, HOST)
  process.send(pid, "trap")
  assert.eq(ask(pid, versions).trap, true)
  process.send(pid, "upgrade", {to = TWO})
  assert.eq(ask(pid, versions).trap, false)
end

local function stays_when_the_new_code_cannot_start()
  local versions, tried = process.listen("version"), process.listen("tried")
  local pid = process.spawn(ONE, HOST)
  for _, target in ipairs({"app.process:nowhere", "app.process:no_method", "app.process:broken_chunk"}) do
    process.send(pid, "try", {to = target, back = process.pid()})
    local got = take(tried, "answer")
    assert.is_nil(got[1], target)
    assert.is_error(got[2])
    assert.error_contains(got[2], "upgrade:")
    local now = ask(pid, versions)
    assert.eq(now.version, "one")
    assert.eq(now.id, ONE)
    process.send(pid, "upgrade", {to = target}) -- without looking at what comes back
    assert.eq(ask(pid, versions).pid, pid)
  end
end

local function may_end_with_the_failure()
  local events = process.events()
  local pid = process.spawn_monitored(ONE, HOST)
  process.send(pid, "upgrade or end", {to = "app.process:nowhere"})
  local event = take(events, "EXIT")
  assert.eq(event.from, pid)
  assert.error_contains(event.result.error, "upgrade:")
  assert.is_error(event.result.error, errors.NOT_FOUND)
end

return {
  goes_on_as_another_entry = goes_on_as_another_entry, goes_on_as_itself = goes_on_as_itself,
  keeps_names_links_and_monitors = keeps_names_links_and_monitors, keeps_unread_messages = keeps_unread_messages,
  loses_options = loses_options, stays_when_the_new_code_cannot_start = stays_when_the_new_code_cannot_start,
  may_end_with_the_failure = may_end_with_the_failure,
}
