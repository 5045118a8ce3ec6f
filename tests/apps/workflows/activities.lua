-- Functions that the workflows of this tree call: each method is the entry function of one entry.
local store = require("store")
local time = require("time")
local ctx = require("ctx")

local function add(a, b) return a + b end

local function echo(...) return {n = select("#", ...), args = {...}} end

local function raising() error("activity boom") end

local function text_failing() return nil, "just a text" end

local function failing(fields)
  return nil, errors.new(fields)
end

-- Fails until it has been called `times` times with this key, then returns how often it was.
local function flaky(key, times)
  local kept = store.get("app.workflows:kept")
  local count = (kept:get(key) or 0) + 1
  kept:set(key, count)
  kept:release()
  if count < times then error("attempt " .. count .. " failed") end
  return count
end

local function counted(key)
  local kept = store.get("app.workflows:kept")
  local count = kept:get(key) or 0
  kept:release()
  return count
end

local function always_failing(key, kind)
  local kept = store.get("app.workflows:kept")
  kept:set(key, (kept:get(key) or 0) + 1)
  kept:release()
  return nil, errors.new({message = "never works", kind = kind, retryable = true})
end

local function slow(duration, value)
  time.sleep(duration)
  return value
end

local function context() return ctx.all() end

-- Tells a process something: what a workflow does to actors by way of a function.
local function tell(pid, topic, value) return process.send(pid, topic, value) end

-- Starts an actor, which a workflow cannot do by itself.
local function start_actor(entry, ...) return process.spawn(entry, "app.lib:processes", ...) end

return {
  add = add, echo = echo, raising = raising, text_failing = text_failing, failing = failing, flaky = flaky,
  counted = counted, always_failing = always_failing, slow = slow, context = context, tell = tell, start_actor = start_actor,
}
