local function main()
  local me, name = process.pid(), ctx.get("trial")
  process.registry.register(name)
  local found = process.registry.lookup(name)
  process.send(name, "by name", 1)
  local message = process.inbox():receive()
  local gone = process.registry.unregister(name)
  return {found == me, message:topic(), gone}
end

return {main = main}
