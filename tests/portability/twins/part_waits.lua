local function main(parent)
  local events = process.events()
  process.send(parent, "ready", 1)
  local event = events:receive()
  return {event.kind, funcs.call("app:mark", "child cleaned")}
end

return {main = main}
