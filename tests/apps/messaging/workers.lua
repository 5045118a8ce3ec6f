-- Helper processes: each method is the entry function of one entry.
local time = require("time")

-- Answers each message with what it saw of it, until it gets `stop`.
local function mirror()
  local inbox = process.inbox()
  while true do
    local msg = inbox:receive()
    if msg:topic() == "stop" then return "stopped" end
    local payload = msg:payload()
    local n = payload == nil and 0 or type(payload) == "table" and #payload or 1
    local value
    if n == 1 then value = payload:data() end
    process.send(msg:from(), "mirrored", {topic = msg:topic(), n = n, value = value, text = tostring(msg)})
  end
end

-- Sends `count` numbered messages.
local function sender(to, topic, count, label)
  for i = 1, count do process.send(to, topic, {label = label, i = i}) end
end

local function ends_at_once() end

-- Opens nothing until it is told to by a listened topic; then the inbox gives everything that has waited.
local function late_inbox(to)
  local go = process.listen("go")
  process.send(to, "ready")
  go:receive()
  local inbox, topics = process.inbox(), {}
  while true do
    local result = channel.select{inbox:case_receive(), default = true}
    if result.default then break end
    topics[#topics + 1] = result.value:topic()
  end
  process.send(to, "topics", topics)
end

local function asleep() process.listen("wake"):receive() end

return {mirror = mirror, sender = sender, ends_at_once = ends_at_once, late_inbox = late_inbox, asleep = asleep}
