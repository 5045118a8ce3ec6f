local assert = require("assert")
local kit = require("kit")
local uuid = require("uuid")

local function signals_in_order()
  local pid = process.spawn_monitored("app.workflows:takes", kit.WORKER, 40)
  for i = 1, 40 do assert.is_true(process.send(pid, "n", i)) end
  local seen = kit.exit(pid).value
  for i = 1, 40 do assert.eq(seen[i], i) end
end

local function topics_and_inbox()
  local pid = process.spawn_monitored("app.workflows:listens", kit.WORKER)
  process.send(pid, "raw", {a = 1})
  process.send(pid, "whole", "text")
  process.send(pid, "else", 1)
  local seen = kit.exit(pid).value
  assert.same(seen.raw, {a = 1})
  assert.eq(seen.whole, "text")
  assert.eq(seen.from, process.pid())
  assert.eq(seen.other, "else")
  assert.is_true(seen.unlistened)
end

local function the_sender_is_known()
  local answers = process.listen("answer", {message = true})
  local pid = process.spawn_monitored("app.workflows:collects", kit.WORKER)
  process.send(pid, "ask", "x")
  local message = kit.take(answers, "answer")
  assert.eq(message:from(), pid)
  assert.eq(message:payload():data(), 1)
  process.send(pid, "finish")
  assert.eq(kit.exit(pid).value.from, process.pid())
end

local function to_one_that_has_ended()
  local pid = process.spawn_monitored("app.workflows:nothing", kit.WORKER)
  kit.exit(pid)
  local ok, err = process.send(pid, "late")
  assert.is_nil(ok)
  assert.is_error(err, errors.NOT_FOUND)
  assert.contains(string.lower(err:message()), "workflow")
end

local function between_workflows()
  local other = process.spawn_monitored("app.workflows:collects", kit.WORKER)
  assert.is_true(kit.run("sends", other, "hello", {n = 1}))
  assert.is_true(kit.run("sends", other, "finish"))
  assert.len(kit.exit(other).value.seen, 1)
end

local function workflow_to_a_missing_one()
  local missing = string.gsub(kit.spawn("nothing"), "|.*", "|no-such-workflow}")
  local seen = kit.run("sends", missing, "hello", 1)
  assert.eq(seen.kind, "NotFound")
  assert.is_false(seen.retryable)
  assert.contains(string.lower(seen.message), "workflow")
end

local function workflow_to_an_actor()
  local heard = process.listen("heard")
  assert.is_true(kit.run("sends", process.pid(), "heard", {n = 7}))
  assert.same(kit.take(heard), {n = 7})
  local echo = process.spawn("app.workflows:echo_actor", "app.lib:processes")
  process.registry.register("echo-desk", echo)
  assert.is_true(kit.run("sends", "echo-desk", "x", 1))
  process.terminate(echo)
end

local function workflow_to_an_actor_that_is_gone()
  local pid = process.spawn_monitored("app.workflows:echo_actor", "app.lib:processes")
  process.send(pid, "stop")
  kit.exit(pid)
  assert.eq(kit.run("sends", pid, "x", 1).kind, "NotFound")
  assert.eq(kit.run("sends", "nobody-has-this-name", "x", 1).kind, "NotFound")
end

local function to_itself()
  local seen = kit.run("sends_to_itself")
  assert.is_true(seen.sent)
  assert.eq(seen.topic, "mine")
  assert.eq(seen.value, 5)
  assert.is_true(seen.same)
end

local function wrong_topics()
  assert.eq(kit.run("sends", process.pid(), "@pid/events", 1).kind, "Invalid")
  assert.eq(kit.run("sends", process.pid(), "", 1).kind, "Invalid")
end

local function names()
  local name = "desk-" .. uuid.v4()
  local pid = process.spawn_monitored("app.workflows:registers", kit.WORKER, name)
  local found
  for _ = 1, 4000 do
    found = process.registry.lookup(name)
    if found then break end
    require("time").sleep("5ms")
  end
  assert.eq(found, pid)
  process.send(name, "by_name")
  local seen = kit.exit(pid).value
  assert.is_true(seen.ok)
  assert.is_true(seen.same)
  assert.eq(seen.topic, "by_name")
  local gone, err = process.registry.lookup(name)
  assert.is_nil(gone)
  assert.is_error(err, errors.NOT_FOUND)
end

local function updates()
  local pid = process.spawn_monitored("app.workflows:counts", kit.WORKER)
  local inbox = process.inbox()
  local function asked(value)
    process.send(pid, "add", value)
    local first = kit.take(inbox, "answer")
    if first:topic() == "nak" then return "nak", first:payload():data() end
    assert.eq(first:topic(), "ack")
    local second = kit.take(inbox, "answer")
    return second:topic(), second:payload():data()
  end
  local topic, value = asked(5)
  assert.eq(topic, "ok")
  assert.eq(value, 5)
  topic, value = asked("many")
  assert.eq(topic, "nak")
  assert.eq(value, "not a number")
  topic, value = asked(500)
  assert.eq(topic, "error")
  assert.eq(value, "too much")
  topic, value = asked(6)
  assert.eq(value, 11)
  process.send(pid, "end")
  assert.eq(kit.exit(pid).value, 11)
end

return {
  signals_in_order = signals_in_order, topics_and_inbox = topics_and_inbox, the_sender_is_known = the_sender_is_known,
  to_one_that_has_ended = to_one_that_has_ended, between_workflows = between_workflows, workflow_to_a_missing_one = workflow_to_a_missing_one,
  workflow_to_an_actor = workflow_to_an_actor, workflow_to_an_actor_that_is_gone = workflow_to_an_actor_that_is_gone, to_itself = to_itself,
  wrong_topics = wrong_topics, names = names, updates = updates,
}
