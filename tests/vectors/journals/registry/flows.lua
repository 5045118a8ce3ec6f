-- Runs that together have every kind of journal event; what they do is in their journals for ever.
local funcs = require("funcs")
local registry = require("registry")
local time = require("time")
local uuid = require("uuid")
local workflow = require("workflow")

local function work(peer)
  local drawn = {uuid.v4(), math.random(1, 6)}
  local doubled = funcs.call("app:double", 21)
  local _, refused = funcs.call("app:refuse")
  local future = funcs.async("app:slow")
  future:cancel()
  time.sleep("1ms")
  local kind = registry.get("app:double").kind
  process.registry.register("worker")
  local child = process.spawn("app:child_lua", "app:flows", 3)
  local event = process.events():receive()
  local executed = process.exec("app:child_lua", "app:flows", 4)
  local step = workflow.step("twice", "app:double", 2)
  local closed = workflow.step("closure", function() return funcs.call("app:double", 5) end)
  local _, unsent = process.send(peer, "hello", {n = 1})
  local _, uncancelled = process.cancel(peer)
  workflow.on_update("add", function(n) return n + 1 end)
  local version = workflow.version("change", 1, 2)
  local message = process.inbox():receive()
  return {
    drawn = #drawn, doubled = doubled, refused = refused:kind(), kind = kind, same = event.from == child,
    executed = executed, step = step, closed = closed, unsent = unsent:kind(), uncancelled = uncancelled:kind(),
    version = version, message = message:payload():data(),
  }
end

local function child(n) return funcs.call("app:double", n) end

local function chain(n)
  if n == 2 then process.registry.register("chain") end
  process.upgrade("app:missing")
  process.inbox():receive()
  if n > 0 then workflow.continue_as_new(n - 1) end
  return n
end

local function endless()
  workflow.approval("review", {expiry = "1ms"})
  time.sleep("24h")
end

local function failing()
  local _, err = funcs.call("app:refuse")
  error(err)
end

local function watched(peer)
  workflow.attrs({search = {n = 1}, memo = {m = "x"}})
  workflow.tokens.set("who", "ann")
  local reached = workflow.wait_for("", peer, "completed")
  local woken = workflow.suspend("a look")
  workflow.pause("by itself")
  return {reached.state, woken, workflow.tokens.get("who")}
end

return {watched = watched, work = work, child = child, chain = chain, endless = endless, failing = failing}
