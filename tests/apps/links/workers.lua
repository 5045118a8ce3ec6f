-- Helper processes: each method is the entry function of one entry. They do what the next message says.
local time = require("time")

local function obey()
  local inbox = process.inbox()
  while true do
    local msg = inbox:receive()
    local topic, payload = msg:topic(), msg:payload()
    local data = payload and payload:data()
    if topic == "return" then return data end
    if topic == "refuse" then return nil, data end
    if topic == "refuse with" then return nil, errors.new(data) end
    if topic == "raise" then error(data) end
    if topic == "link" then process.send(msg:from(), "linked", (process.link(data))) end
    if topic == "trap" then process.set_options({trap_links = true}) end
  end
end

-- Traps links, opens its events only after `open`, and reports what they bring.
local function trapping(to)
  process.set_options({trap_links = true})
  local open = process.listen("open")
  process.send(to, "ready")
  open:receive()
  local event = process.events():receive()
  process.send(to, "event", event.kind, event.from, event.result and tostring(event.result.error))
end

local function ends() return "at once" end

local function waits() process.inbox():receive() end


-- Links a child to itself, tells its PID, and waits.
local function parent_of_waiting(to)
  process.spawn_linked("app.links:waits", "app.links:host")
  if to then process.send(to, "child", process.pid()) end
  process.inbox():receive()
end

local function parent_of_parent(child, to)
  process.spawn_linked(child, "app.links:host", to)
  process.inbox():receive()
end

-- Links and monitors itself.
local function self_linked(to)
  process.send(to, "self", (process.link(process.pid())), (process.monitor(process.pid())))
end

return {obey = obey, trapping = trapping, ends = ends, waits = waits, parent_of_waiting = parent_of_waiting,
  parent_of_parent = parent_of_parent, self_linked = self_linked}
