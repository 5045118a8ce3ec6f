local assert = require("assert")
local time = require("time")

local HOST = "app.process:host"

local function take(ch, what)
  local result = channel.select{ch:case_receive(), time.after("30s"):case_receive()}
  assert.eq(result.channel, ch, "no " .. what .. " in half a minute")
  return result.value
end

-- Sends 1..5 to a process that keeps three, and returns the answers of `send`.
local function fill(entry)
  local pid = process.spawn(entry, HOST, process.pid())
  time.sleep("2ms")
  local answers, last = {}, nil
  for i = 1, 5 do answers[i], last = process.send(pid, "t" .. i % 2, i) end
  return pid, answers, last
end

local function got(pid)
  local channel_of = process.listen("got")
  process.send(pid, "go")
  return take(channel_of, "answer")
end

local function refuses()
  local pid, answers, err = fill("app.process:keeps_three")
  assert.eq(answers[3], true)
  assert.is_nil(answers[4])
  assert.is_nil(answers[5])
  assert.is_error(err, errors.UNAVAILABLE)
  assert.error_contains(err, "mailbox full")
  assert.eq(err:retryable(), true)
  assert.same(got(pid), {1, 2, 3})
end

local function drops_the_newest()
  local pid, answers = fill("app.process:drops_newest")
  assert.same(answers, {true, true, true, true, true})
  assert.same(got(pid), {1, 2, 3})
end

local function drops_the_oldest()
  local pid, answers = fill("app.process:drops_oldest")
  assert.same(answers, {true, true, true, true, true})
  assert.same(got(pid), {3, 4, 5})
end

local function ends_the_receiver()
  local events = process.events()
  local pid = process.spawn_monitored("app.process:ends_when_full", HOST, process.pid())
  time.sleep("2ms")
  for i = 1, 4 do process.send(pid, "t", i) end
  local event = take(events, "EXIT")
  assert.eq(event.from, pid)
  assert.is_error(event.result.error, "Resource")
  assert.error_contains(event.result.error, "mailbox full")
end

local function events_do_not_count()
  local pid = process.spawn("app.process:keeps_three", HOST, process.pid())
  for i = 1, 3 do process.send(pid, "t", i) end
  assert.is_nil((process.send(pid, "t", 4)))
  assert.ok(process.cancel(pid))
end

return {
  refuses = refuses, drops_the_newest = drops_the_newest, drops_the_oldest = drops_the_oldest,
  ends_the_receiver = ends_the_receiver, events_do_not_count = events_do_not_count,
}
