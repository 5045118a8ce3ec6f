-- The twin of flows.py.
local funcs = require("funcs")
local time = require("time")
local uuid = require("uuid")

local function work(run)
  local token, number = uuid.v4(), math.random(1, 1000)
  local echoed = funcs.call("app:step", run, "take", token)
  time.sleep("3ms")
  local shaken = funcs.call("app:flaky", run, "shake", number)
  local _, err = funcs.call("app:refuse", run, "refuse")
  local left = funcs.async("app:step", run, "left", 1)
  local right = funcs.async("app:step", run, "right", 2)
  local both = {left:response():receive():data(), right:response():receive():data()}
  return {same = echoed == token and shaken == number, refused = err:message(), both = both}
end

local function approval(run, patience)
  local approve = process.listen("approve")
  local result = channel.select({approve:case_receive(), time.after(patience):case_receive()})
  local decided = result.channel == approve and result.value.by or "nobody"
  return {by = funcs.call("app:step", run, "decide", decided)}
end

local function child(run, number)
  time.sleep("2ms")
  return funcs.call("app:step", run, "child " .. number, number + 1)
end

local function parent(run)
  local events = process.events()
  local pid = process.spawn("app:child_lua", "app:flows", run, 1)
  local result = process.exec("app:child_lua", "app:flows", run, 10)
  local event = events:receive()
  return {first = event.result.value, same = event.pid == pid, kind = event.kind, second = result}
end

local function pong(run)
  local message = process.inbox():receive()
  process.send(message:from(), "pong", run)
  return message:payload():data()
end

local function ping(run, peer)
  local answers = process.listen("pong")
  process.send(peer, "ping", run)
  local answer = answers:receive()
  local _, err = process.send("{local@app:flows|nobody}", "ping", run)
  return {answer = answer, nobody = err:kind()}
end

local function named(run)
  local calls = process.listen("call")
  process.registry.register("name of " .. run)
  return {called = calls:receive()}
end

local function endless()
  time.sleep("24h")
end

-- Books, pays, and fails, or waits to be cancelled; what was done is undone.
local function book(run, how)
  local saga = workflow.saga()
  saga:step("book", "app:step", nil, {args = {run, "book", 1}, compensate = "app:undo"})
  saga:defer(function() return workflow.step("tell", "app:step", nil, {args = {run, "tell", 1}}) end)
  saga:step("pay", "app:step", nil, {args = {run, "pay", 2}, compensate = "app:undo"})
  if how == "refuse" then
    local _, err = saga:step("last", "app:refuse", nil, {args = {run, "last"}})
    saga:compensate(err)
    return nil, err
  end
  assert(process.send(how, "ready", run))  -- a cancellation that comes before this is known to be sent ends it too
  time.sleep("24h")
end

local function steps(run)
  local plain = workflow.step("plain", function() return {1, 2} end)
  local drawn = workflow.step("drawn", uuid.v4)
  local function nested()
    workflow.sleep("nap", "2ms")
    return workflow.step("echo", "app:step", nil, {args = {run, "echo", drawn}})
  end
  local function item(value, place)
    workflow.sleep("nap " .. place, 4 - place .. "ms")
    return funcs.call("app:step", run, "item " .. place - 1, value)
  end
  local both = workflow.parallel({
    function() return workflow.step("nested", nested) end,
    function() return funcs.call("app:step", run, "beside", 5) end,
  })
  workflow.tokens.set("beside", both[2], {step = "beside"})
  local items = workflow.map("item", {10, 20, 30}, item, {limit = 2})
  local _, refused = book(run, "refuse")
  return {plain = plain, same = both[1] == drawn, beside = workflow.tokens.get("beside"), items = items, refused = refused:message()}
end

local function booking(run, parent) return book(run, parent) end

local function cancelling(run)
  local events, ready = process.events(), process.listen("ready")
  local pid = process.spawn("app:booking_lua", "app:flows", run, process.pid())
  ready:receive()
  process.cancel(pid, "enough")
  local event = events:receive()
  return {kind = event.kind, error = event.result.error:kind()}
end

local function locked(run, key)
  funcs.call("app:step", run, "begin", key)
  time.sleep("1ms")
  funcs.call("app:step", run, "end", key)
  return "free"
end

return {
  work = work, approval = approval, parent = parent, child = child,
  pong = pong, ping = ping, named = named, endless = endless,
  steps = steps, booking = booking, cancelling = cancelling, locked = locked,
}
