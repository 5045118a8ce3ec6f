local function main()
  process.send(process.pid(), "many", 1, "two", {3})
  process.send(process.pid(), "none")
  local many, none = process.listen("many"), process.listen("none")
  process.send(ctx.get("observer"), "many", 1, "two", {3})
  process.send(ctx.get("observer"), "none")
  return {many:receive(), (none:receive()) == nil}
end

return {main = main}
