-- Functions whose pools are small: what a state keeps between two calls, and who runs at the same time.
local time = require("time")

local calls = 0 -- of this state
local kept = {}

local function stateful()
  calls = calls + 1
  total = (total or 0) + 1
  return {calls = calls, total = total}
end

-- Keeps what only this call may use, and tries what the one before has kept.
local function leaves_things()
  local before = {}
  if kept.channel then
    local sent = pcall(function() kept.channel:send(1) end)
    local value, open = kept.listened:receive()
    before = {sent = sent, value = value, open = open, stopped = kept.timer:stop(), same = kept.listened == process.listen("left")}
    local _, err = kept.future:result()
    before.future = err and err:kind()
  end
  kept.channel, kept.listened, kept.timer = channel.new(1), process.listen("left"), time.timer("1h")
  kept.future = require("funcs").async("app.funcs:slow", "5s")
  kept.pid = process.pid()
  return before
end

local function tells(to, n, duration)
  process.send(to, "begun", n)
  time.sleep(duration)
  process.send(to, "ended", n)
  return n
end

local function recursive(n)
  if n == 0 then return 0 end
  local value, err = require("funcs").call("app.funcs:recursive", n - 1)
  if err then return nil, err end
  return value + 1
end

-- Calls `other`, which calls this one again, until `n` is used up.
local function ping(n, other, own)
  if n == 0 then return 0 end
  local value, err = require("funcs").call(other, n - 1, own, other)
  if err then return nil, err end
  return value + 1
end

local function failing_state(fail)
  calls = calls + 1
  if fail then error("on purpose") end
  return calls
end

return {
  stateful = stateful, leaves_things = leaves_things, tells = tells, recursive = recursive, ping = ping, failing_state = failing_state,
}
