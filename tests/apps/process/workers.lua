-- Helper processes: each method is the entry function of one entry.
local time = require("time")
local ctx = require("ctx")

local function echo(...)
  local n = select("#", ...)
  return {n = n, args = {...}}
end

local function idle()
  process.inbox():receive()
end

local function reporter(to)
  process.send(to, "report", process.pid(), process.id())
end

local function context_reader(key)
  local value, err = ctx.get(key)
  if err then return nil, err end
  return value
end

local function all_context()
  return ctx.all()
end

local function collector(to, count)
  local inbox = process.inbox()
  local seen = {}
  for i = 1, count do
    local msg = inbox:receive()
    local payload = msg:payload()
    seen[i] = {topic = msg:topic(), from = msg:from(), value = payload and payload:data()}
  end
  process.send(to, "seen", seen)
end

local function failing()
  return nil, errors.new({message = "no stock", kind = errors.CONFLICT, retryable = false, details = {sku = "a1"}})
end

local function text_failing()
  return nil, "only text"
end

local function raising()
  error("boom")
end

local function two_values()
  return "first", {ignored = true}
end

local function nothing() end

local function cooperative(to)
  local events = process.events()
  process.send(to, "ready")
  local event = events:receive()
  process.send(to, "event", event)
  return "stopped: " .. event.reason
end

local function stubborn(to)
  process.events()
  process.send(to, "ready")
  process.inbox():receive()
  return "went on"
end

local function background(to)
  coroutine.spawn(function()
    time.sleep("20ms")
    process.send(to, "late")
  end)
  return "main is over"
end

local function failing_coroutine()
  coroutine.spawn(function()
    time.sleep("1ms")
    error("in a coroutine")
  end)
  time.sleep("5s")
end

local function waiting_parent(child_host, to)
  local pid = process.spawn("app.process:idle", child_host)
  process.send(to, "child", pid)
end

local function exec_parent(host, to)
  process.exec("app.process:slow_reporter", host, to)
end

local function slow_reporter(to)
  process.send(to, "started", process.pid())
  process.inbox():receive()
  process.send(to, "finished")
end

local function callable(a, b)
  if a == "fail" then return nil, errors.new({message = "refused", kind = errors.INVALID}) end
  return a + b
end

local function callable_waiting(to)
  local events = process.events()
  process.send(to, "running", process.pid())
  local event = events:receive()
  process.send(to, "cancelled", event.kind, event.reason)
end

local function calls_waiting(to)
  local _, err = require("funcs").call("app.process:callable_waiting", to)
  return err
end

local function no_cleanup(to)
  process.send(to, "ready")
  pcall(function() process.inbox():receive() end)
  process.send(to, "cleaned up")
end

return {
  echo = echo, idle = idle, reporter = reporter, context_reader = context_reader, all_context = all_context,
  collector = collector, failing = failing, text_failing = text_failing, raising = raising, two_values = two_values,
  nothing = nothing, cooperative = cooperative, stubborn = stubborn, background = background,
  failing_coroutine = failing_coroutine, waiting_parent = waiting_parent, exec_parent = exec_parent,
  slow_reporter = slow_reporter, callable = callable, callable_waiting = callable_waiting,
  calls_waiting = calls_waiting, no_cleanup = no_cleanup,
}
