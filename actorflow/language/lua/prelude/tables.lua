-- The table library: as Lua's, but every native loop is charged before it runs, so that none can go on without an end.
-- Called with (kit) -> table library; gives kit.freeze.

local type, next, select, tonumber, setmetatable = type, next, select, tonumber, setmetatable
local native_pcall, error = pcall, error
local concat, sort, move, pack, unpack = table.concat, table.sort, table.move, table.pack, table.unpack
local tointeger, gsub, find = math.tointeger, string.gsub, string.find

local FEW <const> = 64 -- elements that cost no more than a call

return function(kit)
  local tables = {}
  local frozen = setmetatable({}, {__mode = "k"}) -- proxy -> what it stands for
  kit.frozen, kit.concat = frozen, concat

  local function freeze(t, name)
    if frozen[t] then return t end
    local proxy = setmetatable({}, {
      __index = t,
      __newindex = function() kit.error("attempt to modify read-only table" .. (name and " " .. name or "")) end,
      __len = function() return #t end,
      __metatable = false,
    })
    frozen[proxy] = t
    return proxy
  end
  kit.freeze = freeze

  local function table_of(t, name)
    if type(t) ~= "table" or kit.class_of(t) then
      kit.error("bad argument #1 to '" .. name .. "' (table expected, got " .. kit.type(t) .. ")")
    end
    return t
  end

  local function position(value, name, which)
    local place = tointeger(value) or type(value) == "string" and tointeger(tonumber(value))
    if not place then kit.error("bad argument #" .. which .. " to '" .. name .. "' (number expected, got " .. kit.type(value) .. ")") end
    return place
  end

  -- Moves elements, after charging for them.
  local function shift(from, first, last, to, target)
    local count = last + 1.0 - first
    if count > FEW then kit.spend(count) end
    return move(from, first, last, to, target)
  end

  function tables.insert(t, ...)
    local n, size = select("#", ...), #table_of(t, "insert")
    if n == 1 then
      t[size + 1] = (...)
    elseif n == 2 then
      local place, value = ...
      place = position(place, "insert", 2)
      if place < 1 or place > size + 1 then kit.error("bad argument #2 to 'insert' (position out of bounds)") end
      if place <= size then shift(t, place, size, place + 1) end
      t[place] = value
    else
      kit.error("wrong number of arguments to 'insert'")
    end
  end

  function tables.remove(t, place)
    local size = #table_of(t, "remove")
    if place == nil then
      if size == 0 then return t[size] end
      place = size
    else
      place = position(place, "remove", 2)
      if size + 1 ~= place and (place < 1 or place > size + 1) and not (size == 0 and place == 0) then
        kit.error("bad argument #2 to 'remove' (position out of bounds)")
      end
    end
    local value = t[place]
    if place < size then shift(t, place + 1, size, place) end
    t[place < size and size or place] = nil
    return value
  end

  function tables.move(from, first, last, to, target)
    table_of(from, "move")
    if target ~= nil then table_of(target, "move") end
    return shift(from, position(first, "move", 2), position(last, "move", 3), position(to, "move", 4), target or from)
  end

  function tables.sort(t, before)
    local size = #table_of(t, "sort")
    if size > FEW then kit.spend(size * 8) end
    return sort(t, before)
  end

  function tables.unpack(t, first, last)
    local values = last or type(t) == "table" and #t
    if type(values) == "number" and values > FEW then kit.spend(values - (tonumber(first) or 1)) end
    return unpack(t, first, last)
  end

  -- With the messages of error objects in their place.
  local function with_messages(t, first, last)
    local copy = {}
    for i = first, last do
      local value = t[i]
      copy[i] = type(value) == "table" and kit.message_of(value) or value
    end
    return copy
  end

  function tables.concat(t, separator, first, last)
    table_of(t, "concat")
    last = last or #t
    if type(last) == "number" and last > FEW then kit.spend(last) end
    local ok, result = native_pcall(concat, t, separator, first, last)
    if ok then return result end
    if type(result) == "string" and find(result, "invalid value", 1, true) then
      return concat(with_messages(t, first or 1, last), separator, first, last)
    end
    kit.checked(false, result)
    if type(result) == "string" then kit.error((gsub(result, "^%[prelude/[%w_]+%]:%d+: ", ""))) end
    error(result, 0)
  end

  function tables.pack(...) return pack(...) end
  function tables.getn(t) return #table_of(t, "getn") end
  function tables.maxn(t)
    local most = 0
    for key in next, frozen[t] or table_of(t, "maxn") do
      if type(key) == "number" and key > most then most = key end
    end
    return most
  end
  function tables.create() return {} end
  function tables.freeze(t) return freeze(table_of(t, "freeze")) end
  function tables.isfrozen(t) return t ~= nil and frozen[t] ~= nil end
  return tables
end
