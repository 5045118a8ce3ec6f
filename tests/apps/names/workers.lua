-- Helper processes: each method is the entry function of one entry.
local function waits() process.inbox():receive() end

local function registers(to, ...)
  local results = {}
  for i, name in ipairs({...}) do results[i] = (process.registry.register(name)) end
  process.send(to, "registered", results)
  process.inbox():receive()
end

local function drops(name) return process.registry.unregister(name) end

return {waits = waits, registers = registers, drops = drops}
