local function main()
  process.send(ctx.get("observer"), "please", {"send", "go", 1})
  local go, late = process.listen("go"), time.after("1h")
  local chosen = channel.select({go:case_receive(), late:case_receive()})
  return {chosen.channel == go, chosen.value}
end

return {main = main}
