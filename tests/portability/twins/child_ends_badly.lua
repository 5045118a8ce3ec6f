local function main()
  local events = process.events()
  local pid = process.spawn_monitored("app:part_fails_lua", "")
  local event = events:receive()
  local err = event.result.error
  return {event.from == pid, err:kind(), err:details().why}
end

return {main = main}
