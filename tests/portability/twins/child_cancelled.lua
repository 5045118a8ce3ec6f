local function main()
  local events, inbox = process.events(), process.inbox()
  local pid = process.spawn_monitored("app:part_waits_lua", "", process.pid())
  inbox:receive()
  process.cancel(pid, "enough")
  local event = events:receive()
  return {event.from == pid, event.result.value}
end

return {main = main}
