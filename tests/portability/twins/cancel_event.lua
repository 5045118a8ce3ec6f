local function main()
  local events = process.events()
  process.send(ctx.get("observer"), "please", {"cancel", "enough"})
  local event = events:receive()
  return {event.kind, event.type, event.reason, funcs.call("app:mark", "cleaned")}
end

return {main = main}
