local assert = require("assert")
local time = require("time")
local funcs = require("funcs")

local HOST = "app.messaging:host"

local function take(ch, what)
  local result = channel.select{ch:case_receive(), time.after("30s"):case_receive()}
  assert.eq(result.channel, ch, "no " .. what .. " in half a minute")
  return result.value
end

local function pid_of_a_process()
  local pid = process.spawn("app.messaging:asleep", HOST)
  local node, host, id = string.match(pid, "^{(.-)@(.-)|(.-)}$")
  assert.eq(node, "local")
  assert.eq(host, HOST)
  assert.matches(id, "^0x%x%x%x%x%x+$")
  assert.neq(pid, process.spawn("app.messaging:asleep", HOST))
end

local function pid_of_a_function()
  local host = string.match(process.pid(), "@(.-)|")
  assert.matches(host, "^app%.messaging:send_pid_of_a_function#lua%.%d+$")
  assert.eq(process.id(), "app.messaging:send_pid_of_a_function")
end

local function short_pid()
  local mirrored = process.listen("mirrored")
  local pid = process.spawn("app.messaging:mirror", HOST)
  local without_node = string.gsub(pid, "^{.-@", "{")
  assert.neq(without_node, pid)
  assert.ok(process.send(without_node, "hello", 1))
  assert.eq(take(mirrored, "answer").value, 1)
end

local function to_a_name()
  local mirrored = process.listen("mirrored")
  local pid = process.spawn("app.messaging:mirror", HOST)
  process.registry.register("mirror-by-name", pid)
  assert.ok(process.send("mirror-by-name", "hello", 1))
  assert.eq(take(mirrored, "answer").topic, "hello")
end

local function to_nobody()
  local ok, err = process.send("nobody-at-all", "hello", 1)
  assert.is_nil(ok)
  assert.is_error(err, errors.NOT_FOUND)
  assert.error_contains(err, "could not resolve 'nobody-at-all' as PID or registered name")
end

local function to_an_at_topic()
  for _, topic in ipairs({"@pid/inbox", "@pid/events", "@x", "@"}) do
    local ok, err = process.send(process.pid(), topic, 1)
    assert.is_nil(ok)
    assert.is_error(err, errors.INVALID)
    assert.error_contains(err, "cannot send to @ topics")
  end
end

local function to_an_empty_topic()
  local ok, err = process.send(process.pid(), "", 1)
  assert.is_nil(ok)
  assert.is_error(err, errors.INVALID)
end

local function to_the_dead()
  local events = process.events()
  local pid = process.spawn_monitored("app.messaging:ends_at_once", HOST)
  take(events, "EXIT")
  local ok, err = process.send(pid, "hello", 1)
  assert.is_nil(ok)
  assert.is_error(err, errors.NOT_FOUND)
  assert.error_contains(err, "not found")
  ok, err = process.send("{local@" .. HOST .. "|0xfffff}", "hello", 1)
  assert.is_nil(ok)
  assert.is_error(err, errors.NOT_FOUND)
  assert.error_contains(err, "process not found")
end

local function to_an_unknown_host()
  local ok, err = process.send("{local@no.such:host|0x00001}", "hello", 1)
  assert.is_nil(ok)
  assert.has_error(err)
  assert.error_contains(err, "host")
end

local function wrong_arguments()
  local ok, err = process.send(nil, "topic")
  assert.is_nil(ok)
  assert.is_error(err, errors.INVALID)
  ok, err = process.send(process.pid(), {})
  assert.is_nil(ok)
  assert.is_error(err, errors.INVALID)
end

local function nothing_is_bounded()
  local topics = process.listen("topics")
  local ready = process.listen("ready")
  local pid = process.spawn("app.messaging:late_inbox", HOST, process.pid())
  take(ready, "ready")
  for i = 1, 2000 do assert.ok(process.send(pid, "t" .. i % 3, i)) end
  process.send(pid, "go")
  local got = take(topics, "topics")
  assert.eq(#got, 2000)
  assert.eq(got[1] .. got[2] .. got[3], "t1t2t0")
end

local function order_of_one_sender()
  local numbers = process.listen("n")
  process.spawn("app.messaging:sender", HOST, process.pid(), "n", 100, "a")
  process.spawn("app.messaging:sender", HOST, process.pid(), "n", 100, "b")
  local last = {a = 0, b = 0}
  for _ = 1, 200 do
    local value = take(numbers, "number")
    assert.eq(value.i, last[value.label] + 1)
    last[value.label] = value.i
  end
end

local function to_itself()
  local inbox = process.inbox()
  assert.ok(process.send(process.pid(), "note", "to self"))
  local msg = take(inbox, "note")
  assert.eq(msg:payload():data(), "to self")
  assert.eq(msg:from(), process.pid())
end

return {
  pid_of_a_process = pid_of_a_process, pid_of_a_function = pid_of_a_function, short_pid = short_pid, to_a_name = to_a_name,
  to_nobody = to_nobody, to_an_at_topic = to_an_at_topic, to_an_empty_topic = to_an_empty_topic, to_the_dead = to_the_dead,
  to_an_unknown_host = to_an_unknown_host, wrong_arguments = wrong_arguments, nothing_is_bounded = nothing_is_bounded,
  order_of_one_sender = order_of_one_sender, to_itself = to_itself,
}
