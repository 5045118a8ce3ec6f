local assert = require("assert")
local time = require("time")

local HOST = "app.messaging:host"

local function take(ch, what)
  local result = channel.select{ch:case_receive(), time.after("30s"):case_receive()}
  assert.eq(result.channel, ch, "no " .. what .. " in half a minute")
  return result.value
end

local function methods()
  local inbox = process.inbox()
  process.send(process.pid(), "order", {sku = "a1"})
  local msg = take(inbox, "message")
  assert.eq(type(msg), "userdata")
  assert.eq(msg:topic(), "order")
  assert.eq(msg:from(), process.pid())
  assert.eq(type(msg:payload()), "userdata")
  assert.eq(msg:payload():data().sku, "a1")
  assert.eq(tostring(msg), "process.Message{topic=order}")
end

local function no_payload()
  local inbox = process.inbox()
  process.send(process.pid(), "bare")
  assert.is_nil(take(inbox, "message"):payload())
end

local function several_payloads()
  local inbox = process.inbox()
  process.send(process.pid(), "many", 1, "two", {three = 3})
  local payloads = take(inbox, "message"):payload()
  assert.eq(type(payloads), "table")
  assert.eq(#payloads, 3)
  assert.eq(payloads[1]:data(), 1)
  assert.eq(payloads[2]:data(), "two")
  assert.eq(payloads[3]:data().three, 3)
end

local function nil_payload()
  local inbox = process.inbox()
  process.send(process.pid(), "nothing", nil)
  local payload = take(inbox, "message"):payload()
  assert.not_nil(payload)
  assert.is_nil(payload:data())
end

local function unknown_sender()
  local inbox = process.inbox()
  local pid = process.spawn("app.messaging:asleep", HOST)
  process.registry.register("taken-by-me")
  process.with_context({}):with_name("taken-by-me"):with_message("from nobody", 1):spawn("app.messaging:asleep", HOST)
  local msg = take(inbox, "message")
  assert.eq(msg:topic(), "from nobody")
  assert.eq(msg:from(), "")
  process.terminate(pid)
end

local function fields_of_the_payload()
  local inbox = process.inbox()
  process.send(process.pid(), "decision", {approved = true, topic = "hidden by the method"})
  local msg = take(inbox, "message")
  assert.eq(msg.approved, true)
  assert.eq(type(msg.topic), "function")
  assert.is_nil(msg.no_such_field)
end

local function system_topics()
  local events = process.events()
  local inbox = process.inbox()
  process.cancel(process.pid(), "an event")
  assert.eq(take(events, "event").kind, process.event.CANCEL)
  local result = channel.select{inbox:case_receive(), default = true}
  assert.ok(result.default, "an event reached the inbox")
end

return {
  methods = methods, no_payload = no_payload, several_payloads = several_payloads, nil_payload = nil_payload,
  unknown_sender = unknown_sender, fields_of_the_payload = fields_of_the_payload, system_topics = system_topics,
}
