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

return {
  work = work, approval = approval, parent = parent, child = child,
  pong = pong, ping = ping, named = named, endless = endless,
}
