-- The table library: as Lua's, but every native loop is charged before it runs, so that none can go on without an end.
-- Called with (kit) -> table library; gives kit.freeze.

local type, next, select, tonumber, setmetatable = type, next, select, tonumber, setmetatable
local native_pcall, error = pcall, error
local concat, sort, move, pack, unpack = table.concat, table.sort, table.move, table.pack, table.unpack
local tointeger, math_type, gsub, find, rawget, rawset = math.tointeger, math.type, string.gsub, string.find, rawget,
  rawset
local metatable_of, set_metatable = debug.getmetatable, debug.setmetatable

local FEW <const> = 64 -- elements that cost no more than a call

return function(kit)
  local tables = {}
  local frozen = setmetatable({}, {__mode = "k"}) -- proxy -> what it stands for
  kit.frozen, kit.concat = frozen, concat

  -- Makes of `meta` the metatable of what stands before `t` and lets nothing be changed.
  local function closed(t, meta, name)
    meta.__index, meta.__metatable = t, false
    meta.__newindex = function() kit.error("attempt to modify read-only table" .. (name and " " .. name or "")) end
    meta.__len = function() return #t end
    meta.__pairs = nil -- our `pairs` looks behind it
    return meta
  end

  local function freeze(t, name)
    if frozen[t] then return t end
    local proxy = setmetatable({}, closed(t, {}, name))
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
    if not place then
      kit.error("bad argument #" .. which .. " to '" .. name .. "' (number expected, got " .. kit.type(value) .. ")")
    end
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

  local function less(a, b) return a < b end

  -- A stable merge sort: native sort picks its pivots by the clock, so that elements which compare equal would come out
  -- in another order on replay, and its comparison cannot wait.
  local function merge_sort(t, n, before)
    local from, to, width = move(t, 1, n, 1, {}), {}, 1
    while width < n do
      for left = 1, n, 2 * width do
        local i, middle, stop = left, left + width, left + 2 * width
        if middle > n + 1 then middle = n + 1 end
        if stop > n + 1 then stop = n + 1 end
        local j = middle
        for k = left, stop - 1 do
          if i < middle and (j >= stop or not before(from[j], from[i])) then
            to[k], i = from[i], i + 1
          else
            to[k], j = from[j], j + 1
          end
        end
      end
      from, to, width = to, from, 2 * width
    end
    for i = 1, n do t[i] = from[i] end
  end

  -- Whether equal elements are the same: all of them text, or all integers.
  local function is_plain(t, n)
    local is_text = type(rawget(t, 1)) == "string"
    for i = 1, n do
      local value = rawget(t, i)
      if is_text and type(value) ~= "string" or not is_text and math_type(value) ~= "integer" then return false end
    end
    return true
  end

  function tables.sort(t, before)
    local n = #table_of(t, "sort")
    if before ~= nil and type(before) ~= "function" then
      kit.error("bad argument #2 to 'sort' (function expected, got " .. kit.type(before) .. ")")
    end
    if n > FEW then kit.spend(n * 8.0) end
    if before == nil and not frozen[t] and is_plain(t, n) then return sort(t) end
    merge_sort(t, n, before or less)
  end

  function tables.unpack(t, first, last)
    local values = last or type(t) == "table" and #t
    if type(values) == "number" and values > FEW then kit.spend(values - (tonumber(first) or 1)) end
    return unpack(t, first, last)
  end

  -- With the messages of error objects, and with floats as `tostring` shows them.
  local function as_texts(t, first, last)
    local copy = {}
    for i = first, last do
      local value = t[i]
      copy[i] = math_type(value) == "float" and kit.tostring(value) or type(value) == "table"
        and kit.message_of(value) or value
    end
    return copy
  end

  local function has_float(t, first, last)
    if math_type(first) ~= "integer" or math_type(last) ~= "integer" then return false end
    for i = first, last do
      if math_type(rawget(t, i)) == "float" then return true end
    end
    return false
  end

  function tables.concat(t, separator, first, last)
    table_of(t, "concat")
    last = last or #t
    if type(last) == "number" and last > FEW then kit.spend(last) end
    if has_float(t, first or 1, last) then return concat(as_texts(t, first or 1, last), separator, first, last) end
    local ok, result = native_pcall(concat, t, separator, first, last)
    if ok then return result end
    if type(result) == "string" and find(result, "invalid value", 1, true) then
      return concat(as_texts(t, first or 1, last), separator, first, last)
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

  -- Freezes `t` itself: what it held moves behind it, with its metatable; operators stay those of the metatable.
  function tables.freeze(t)
    if frozen[table_of(t, "freeze")] then return t end
    local held, meta, old = {}, {}, metatable_of(t)
    for key, value in next, t do held[key] = value end
    for key in next, held do
      kit.spend(1)
      rawset(t, key, nil)
    end
    if type(old) == "table" then
      for name, method in next, old do meta[name] = method end
      set_metatable(held, old)
    end
    set_metatable(t, closed(held, meta))
    frozen[t] = held
    return t
  end
  function tables.isfrozen(t) return t ~= nil and frozen[t] ~= nil end
  return tables
end
