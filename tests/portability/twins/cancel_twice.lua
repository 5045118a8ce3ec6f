local function main()
  local events, observer = process.events(), ctx.get("observer")
  process.send(observer, "please", {"cancel", "once"})
  local first = events:receive()
  process.send(observer, "please", {"cancel", "again"})
  local second = events:receive()
  return {first.reason, second.reason}
end

return {main = main}
