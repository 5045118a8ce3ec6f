-- Workflows that are sent messages, cancelled, updated, and that have children: each method is the entry function of one entry.
local time = require("time")
local funcs = require("funcs")
local ctx = require("ctx")
local workflow = require("workflow")

-- Keeps what it is sent until "finish"; answers "ask".
local function collects()
  local inbox, seen = process.inbox(), {}
  while true do
    local message = inbox:receive()
    local payload = message:payload()
    if message:topic() == "finish" then return {seen = seen, from = message:from()} end
    seen[#seen + 1] = message:topic() .. "=" .. tostring(payload and payload:data())
    if message:topic() == "ask" then process.send(message:from(), "answer", #seen) end
  end
end

local function listens()
  local raw, whole = process.listen("raw"), process.listen("whole", {message = true})
  local inbox = process.inbox()
  local seen = {}
  for _ = 1, 3 do
    local result = channel.select({raw:case_receive(), whole:case_receive(), inbox:case_receive()})
    if result.channel == raw then
      seen.raw = result.value
    elseif result.channel == whole then
      seen.whole, seen.from = result.value:payload():data(), result.value:from()
    else
      seen.other = result.value:topic()
    end
  end
  seen.unlistened = process.unlisten(raw)
  return seen
end

-- Takes many signals slowly: none is lost and the order stays.
local function takes(count)
  local inbox, seen = process.inbox(), {}
  for i = 1, count do
    if i % 5 == 0 then time.sleep("1ms") end
    seen[i] = inbox:receive():payload():data()
  end
  return seen
end

local function waits() return process.inbox():receive():payload():data() end

local function waits_and_fails()
  local message = process.inbox():receive()
  return nil, errors.new({message = message:payload():data(), kind = errors.CONFLICT, retryable = false, details = {code = 7}})
end

local function sleeps_long() time.sleep("1h") return "woke up" end

-- ---- to others -----------------------------------------------------------------------------------------------

local function sends(dest, topic, ...)
  local ok, err = process.send(dest, topic, ...)
  if err then return {kind = err:kind(), message = err:message(), retryable = err:retryable()} end
  return ok
end

local function sends_to_itself()
  local sent = process.send(process.pid(), "mine", 5)
  local message = process.inbox():receive()
  return {sent = sent, topic = message:topic(), value = message:payload():data(), same = message:from() == process.pid()}
end

local function stops(verb, dest)
  local ok, err = process[verb](dest)
  return {ok = ok, kind = err and err:kind()}
end

local function watches()
  local seen = {}
  for _, verb in ipairs({"monitor", "unmonitor", "link", "unlink"}) do
    local ok, err = process[verb](process.pid())
    seen[verb] = {nothing = ok == nil, kind = err:kind(), retryable = err:retryable(), message = err:message()}
  end
  return seen
end

local function registers(name)
  local ok, err = process.registry.register(name)
  local found = process.registry.lookup(name)
  local message = process.inbox():receive()
  return {ok = ok, err = err and err:message(), same = found == process.pid(), topic = message:topic()}
end

-- ---- updates -------------------------------------------------------------------------------------------------

local function counts()
  local inbox, total = process.inbox(), 0
  while true do
    local message = inbox:receive()
    local payload = message:payload()
    local value = payload and payload:data()
    if message:topic() == "add" then
      if type(value) ~= "number" then
        process.send(message:from(), "nak", "not a number")
      else
        process.send(message:from(), "ack")
        local sum, err = funcs.call("app.workflows:add", total, value)
        if err or sum > 100 then
          process.send(message:from(), "error", "too much")
        else
          total = sum
          process.send(message:from(), "ok", total)
        end
      end
    else
      return total
    end
  end
end

-- ---- cancellation --------------------------------------------------------------------------------------------

local function obeys()
  local events, after = process.events(), time.after("1h")
  local result = channel.select({events:case_receive(), after:case_receive()})
  local event = result.value
  local value = funcs.call("app.workflows:add", 1, 2)
  return {kind = event.kind, cleaned = value, has_at = event.at ~= nil}
end

-- A cancel is an event for who reads events, and stops nothing by itself.
local function goes_on()
  local events = process.events()
  local value = funcs.call("app.workflows:slow", "30ms", "finished")
  time.sleep("5ms")
  local event = events:receive()
  return {value = value, kind = event.kind}
end

local function cancelled_twice()
  local events = process.events()
  return {first = events:receive().kind, second = events:receive().kind}
end

-- ---- continue as new -----------------------------------------------------------------------------------------

local function counts_down(n, runs)
  runs = runs or {}
  runs[#runs + 1] = workflow.info().run_id
  if n > 0 then process.upgrade(nil, n - 1, runs) end
  return {runs = runs, id = workflow.info().workflow_id, pid = process.pid(), tenant = (ctx.get("tenant"))}
end

local function becomes(entry, ...)
  process.upgrade(entry, ...)
end

-- Continues with each third signal; what came meanwhile goes over.
local function batches(total, seen)
  seen = seen or {}
  local inbox = process.inbox()
  for _ = 1, 3 do
    seen[#seen + 1] = inbox:receive():payload():data()
    if #seen == total then return seen end
  end
  process.upgrade(nil, total, seen)
end

-- ---- children ------------------------------------------------------------------------------------------------

local function described(event, pid)
  local result = event.result or {}
  return {
    kind = event.kind, same = event.from == pid, value = result.value,
    error = result.error and result.error:message(), error_kind = result.error and result.error:kind(),
    retryable = result.error and result.error:retryable(), has_at = event.at ~= nil,
  }
end

local function child_of(how, entry, host, ...)
  local events = process.events()
  local pid, err = process[how](entry, host, ...)
  if err then return nil, err end
  return described(events:receive(), pid)
end

local function many_children(count)
  local events, pids, sum = process.events(), {}, 0
  for i = 1, count do
    local pid, err = process.spawn("app.workflows:called", "workflows-queue", "app.workflows:add", i, 0)
    if err then return nil, err end
    pids[pid] = true
  end
  for _ = 1, count do
    local event = events:receive()
    if not pids[event.from] then return nil, "a stranger: " .. event.from end
    pids[event.from] = nil
    sum = sum + event.result.value
  end
  return sum
end

local function executes(entry, host, ...)
  local value, err = process.exec(entry, host, ...)
  if err then
    return {kind = err:kind(), message = err:message(), retryable = err:retryable(), details = err:details()}
  end
  return {value = value}
end

local function talks_to_child()
  local events = process.events()
  local pid, err = process.with_options({["workflow.id"] = workflow.info().workflow_id .. "-child"})
    :with_message("hello", "first"):spawn("app.workflows:collects", "workflows-queue")
  if err then return nil, err end
  local answers = process.listen("answer")
  process.send(pid, "ask", "second")
  local answer = answers:receive()
  process.send(pid, "finish")
  local event = events:receive()
  return {answer = answer, seen = event.result.value.seen, from = event.result.value.from == process.pid(), pid = pid}
end

local function stops_child(verb)
  local events = process.events()
  local pid, err = process.spawn("app.workflows:obeys", "")
  if err then return nil, err end
  local ok = process[verb](pid)
  local seen = described(events:receive(), pid)
  seen.ok = ok
  return seen
end

local function child_of_policy(policy, id)
  local pid, err = process.with_options({["temporal.workflow.id"] = id, ["temporal.workflow.parent_close_policy"] = policy})
    :spawn("app.workflows:obeys", "workflows-queue")
  if err then return nil, err end
  return pid
end

local function child_id_twice(id)
  local first, err = process.with_options({["workflow.id"] = id}):spawn("app.workflows:waits", "")
  if err then return nil, err end
  local second = process.with_options({["workflow.id"] = id}):with_message("go", "both"):spawn("app.workflows:waits", "")
  local third, failed = process.with_options({["workflow.id"] = id, ["workflow.id_conflict_policy"] = "fail"}):spawn("app.workflows:waits", "")
  return {same = first == second, third = third, kind = failed and failed:kind()}
end

local function spawns_onto(host)
  local pid, err = process.spawn("app.workflows:nothing", host)
  return {pid = pid, kind = err and err:kind(), message = err and err:message()}
end

local function context_of_child(values)
  local value, err = process.with_context(values):exec("app.workflows:with_context", "workflows-queue", {})
  if err then return nil, err end
  return value
end

return {
  collects = collects, listens = listens, takes = takes, waits = waits, waits_and_fails = waits_and_fails, sleeps_long = sleeps_long, sends = sends,
  sends_to_itself = sends_to_itself, stops = stops, watches = watches, registers = registers, counts = counts, obeys = obeys, goes_on = goes_on,
  cancelled_twice = cancelled_twice, counts_down = counts_down, becomes = becomes, batches = batches, child_of = child_of, many_children = many_children,
  executes = executes, talks_to_child = talks_to_child, stops_child = stops_child, child_of_policy = child_of_policy, child_id_twice = child_id_twice,
  spawns_onto = spawns_onto, context_of_child = context_of_child,
}
