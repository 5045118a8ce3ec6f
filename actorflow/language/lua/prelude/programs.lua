-- Programs: compiled sources, and the environments that their units run in.
-- Called with (kit, base, modules) -> {compile, prepare, drop, load_units, programs}; `base` are the globals of all scripts.

local type, next, setmetatable, native_load = type, next, setmetatable, load
local match, gmatch, gsub = string.match, string.gmatch, string.gsub

return function(kit, base, modules)
  local chunks = {} -- number -> the function that makes the chunk for an environment
  local programs = {} -- both are counted, for what nobody uses any more leaves a gap
  local made_chunks, made_programs = 0, 0
  local api = {programs = programs}

  local function faulty(problem, file)
    return nil, (gsub(problem, "^.-:(%d+): ", function(line) return file .. ":" .. line .. ": " end, 1))
  end

  -- Compiles the source of the entry `id`, which came from `file`.
  function api.compile(text, id, file)
    local name = "@" .. id
    local alone, problem = native_load(text, name, "t") -- first by itself: it must not close the function around it
    if not alone then return faulty(problem, file) end
    local made
    made, problem = native_load("local _ENV = ...; return function(...) " .. text .. "\nend", name, "t")
    if not made then return faulty(problem, file) end
    kit.came_from(id, file)
    made_chunks = made_chunks + 1
    chunks[made_chunks] = made
    return made_chunks
  end

  -- What all units of a program see: the globals of all scripts and the modules that any of them lists.
  local function shared_by(names)
    local globals = {}
    for key, value in next, base do globals[key] = value end
    for name in next, names do
      local module = modules[name]
      if name == "logger" then module = kit.make_logger() end
      globals[name] = module
    end
    return {__index = globals, __metatable = false}
  end

  -- An import of the entry may have the name of a global (`assert`): its libraries still mean the global.
  local function shadowed_by(imports, globals)
    local list = {}
    for alias in next, imports do list[alias] = globals[alias] end
    return list
  end

  -- Returns the number of a program. A plan is text, one line a unit, libraries first:
  -- `imports TAB chunk TAB modules`, where imports are alias=line,…; the last line is the entry. `bounds` are those of
  -- its processes: instructions, milliseconds, memory_kib, warn_kib; with transactional the transaction is the first
  -- argument.
  function api.prepare(plan, method, bounds)
    local units, listed = {}, {}
    for line in gmatch(plan, "[^\n]+") do
      local imports, chunk, names = match(line, "^([^\t]*)\t(%d+)\t([^\t]*)$")
      local unit = {chunk = chunks[chunk + 0], imports = {}}
      for alias, number in gmatch(imports, "([^,=]+)=(%d+)") do unit.imports[alias] = number + 0 end
      for name in gmatch(names, "[^,]+") do listed[name] = true end
      units[#units + 1] = unit
    end
    units.shared = shared_by(listed)
    units.shadowed = shadowed_by(units[#units].imports, units.shared.__index)
    local program = {units = units, method = method}
    for name, bound in next, bounds do program[name] = bound end
    made_programs = made_programs + 1
    programs[made_programs] = program
    return made_programs
  end

  -- Forgets a chunk or a program that nothing will be started from; what runs keeps its own.
  function api.drop(chunk, program) chunks[chunk], programs[program] = nil, nil end

  local function furnish(env, unit, made)
    env._G = env
    env.require = function(name)
      local found = type(name) == "string" and env[name] or nil
      if found == nil then kit.error("module '" .. kit.tostring(name) .. "' not found") end
      return found
    end
    for alias, number in next, unit.imports do env[alias] = made[number] end
    return env
  end

  -- The globals of a script are one table, the entry's: a library has only its own imports before them.
  local function beside(globals, shadowed)
    local env = {}
    for name, value in next, shadowed do env[name] = value end
    return setmetatable(env, {__index = globals, __newindex = globals, __metatable = false})
  end

  -- Returns the entry's chunk, after running those of its libraries.
  function api.load_units(units)
    local made, count = {}, #units
    local globals = setmetatable({}, units.shared)
    for number = 1, count - 1 do
      local unit = units[number]
      made[number] = unit.chunk(furnish(beside(globals, units.shadowed), unit, made))()
    end
    return units[count].chunk(furnish(globals, units[count], made))
  end

  return api
end
