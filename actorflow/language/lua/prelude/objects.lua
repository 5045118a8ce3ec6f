-- Objects: tables that scripts take for userdata. Called with (kit), which gets class, object, class_of, type,
-- number_of.
--
-- What an object holds is kept in itself under keys that only the prelude has (`DATA` and others); a script reaches
-- neither the keys nor the metatable. Every object has a number, counted per process in the order of creation: it
-- orders objects as keys and stands in for addresses, so that both are the same when a process is replayed.

local type, select, next, setmetatable, rawget, error = type, select, next, setmetatable, rawget, error
local metatable_of = debug.getmetatable

return function(kit)
  local state = kit.state
  local classes = {} -- the metatables that make a table an object
  local NUMBER, DATA, ID = {}, {}, {}
  local numbers = setmetatable({}, {__mode = "k"}) -- of tables, functions and coroutines that somebody has shown
  kit.DATA, kit.ID = DATA, ID

  local function take_number()
    local instance = state.instance
    local number = instance.created + 1
    instance.created = number
    return number
  end

  local function class_of(value)
    local metatable = metatable_of(value)
    return metatable and classes[metatable] and metatable
  end
  kit.class_of = class_of

  function kit.number_of(value)
    local number = type(value) == "table" and rawget(value, NUMBER) or numbers[value]
    if not number then
      number = take_number()
      numbers[value] = number
    end
    return number
  end

  function kit.class(name, methods)
    local metatable = {__index = methods, __metatable = false, __name = name}
    metatable.__tostring = function(self) return name .. ": " .. rawget(self, NUMBER) end
    metatable.__newindex = function() kit.error(name .. " is read-only") end
    classes[metatable] = true
    return metatable
  end

  function kit.object(class, data)
    return setmetatable({[NUMBER] = take_number(), [DATA] = data}, class)
  end

  -- An object that stands for one of the machine's: `id` is its handle, which is free again when the object is garbage.
  function kit.handle_object(class, id, data)
    return setmetatable({[NUMBER] = take_number(), [DATA] = data, [ID] = id}, class)
  end

  local function type_(...)
    if select("#", ...) == 0 then error("bad argument #1 to 'type' (value expected)", 2) end
    local kind = type((...))
    if kind == "table" and class_of((...)) then return "userdata" end
    return kind
  end
  kit.type = type_

  -- The data of `self`, which must be an object of `class`.
  function kit.data(class, self, name)
    if metatable_of(self) ~= class then
      kit.error("bad argument #1 to '" .. name .. "' (" .. class.__name .. " expected, got " .. type_(self) .. ")")
    end
    return rawget(self, DATA)
  end

  -- Gives the methods of a class their first argument's data in place of the object.
  function kit.methods(class, bodies)
    local methods = class.__index
    for name, body in next, bodies do
      methods[name] = function(self, ...)
        if metatable_of(self) ~= class then kit.data(class, self, name) end
        return body(self[DATA], ...)
      end
    end
  end
end
