local function main()
  local events = process.events()
  local pid = process.spawn_monitored("app:part_adds_lua", "", 1, 2)
  local event = events:receive()
  return {event.kind, event.type, event.from == pid, event.result.value}
end

return {main = main}
