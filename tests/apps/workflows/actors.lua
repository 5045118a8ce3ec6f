-- Processes on a process host that have to do with workflows.

-- Monitors and links a workflow as `how` says and tells what it hears.
local function watcher(to, pid, how)
  process.set_options({trap_links = true})
  local events = process.events()
  for _, verb in ipairs(how) do
    local ok, err = process[verb](pid)
    process.send(to, "did", verb, ok, err and err:message())
  end
  while true do
    local event = events:receive()
    local result = event.result or {}
    process.send(to, "heard", {kind = event.kind, from = event.from, value = result.value, error = result.error and result.error:message()})
  end
end

-- Dies with a workflow that it is linked to.
local function linked(to, pid)
  process.link(pid)
  process.send(to, "ready")
  process.inbox():receive()
  return "told to go"
end

local function echo()
  while true do
    local message = process.inbox():receive()
    if message:topic() == "stop" then return "stopped" end
    process.send(message:from(), "echo", message:payload():data())
  end
end

return {watcher = watcher, linked = linked, echo = echo}
