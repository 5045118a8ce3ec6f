-- Functions that tests call: each method is the entry function of one entry.
local time = require("time")

local function add(a, b) return a + b end
local function first_only() return "first", {ignored = true} end
local function nothing() end
local function returns_false() return false end
local function raises() error("boom") end
local function raises_table() error({code = 7}) end
local function refuses() return nil, "not today" end
local function fails(kind, retryable) return nil, errors.new({message = "failed", kind = kind, retryable = retryable, details = {n = 1}}) end
local function slow(duration, value)
  time.sleep(duration)
  return value
end
local function who() return process.id(), nil end
local function context() return require("ctx").all() end

-- Tells `to` that it runs, and what ends it.
local function watched(to)
  local events = process.events()
  process.send(to, "running", process.pid())
  local event = events:receive()
  process.send(to, "cancelled", event.kind, event.reason)
end

local function uninterested(to)
  process.send(to, "running", process.pid())
  time.sleep("5s")
  process.send(to, "survived")
end

-- Fails `failures` times, which a counter process remembers by its name, then answers with the number of attempts.
local function flaky(counter, failures, kind, retryable)
  local mine = process.listen("count")
  process.send(counter, "next", process.pid())
  local n = mine:receive()
  if n <= failures then
    return nil, errors.new({message = "attempt " .. n, kind = kind or errors.UNAVAILABLE, retryable = retryable})
  end
  return n
end

local function counter()
  local inbox, n = process.inbox(), 0
  while true do
    local msg = inbox:receive()
    if msg:topic() == "total" then
      process.send(msg:payload():data(), "total", n)
    else
      n = n + 1
      process.send(msg:payload():data(), "count", n)
    end
  end
end

local function caller_of(target, to)
  local value, err = require("funcs").call(target, to)
  return value, err
end


return {
  add = add, first_only = first_only, nothing = nothing, returns_false = returns_false, raises = raises,
  raises_table = raises_table, refuses = refuses, fails = fails, slow = slow, who = who, context = context,
  watched = watched, uninterested = uninterested, flaky = flaky, counter = counter, caller_of = caller_of,

}
