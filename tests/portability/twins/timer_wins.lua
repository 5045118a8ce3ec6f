local function main()
  local go, late = process.listen("go"), time.after("5ms")
  local chosen = channel.select({go:case_receive(), late:case_receive()})
  return {chosen.channel == late, funcs.call("app:mark", "nobody came")}
end

return {main = main}
