-- pairs and next in one fixed order: 1..n up to the first hole, other numbers ascending, strings bytewise, false, true,
-- then our own objects by creation number; other keys come last, and are refused in a durable run.
--
-- Called with (kit) -> pairs, next. As in Lua, fields may be assigned and cleared during a traversal; a new key may or may
-- not be met.

local type, next, rawget, setmetatable = type, next, rawget, setmetatable
local sort, math_type = table.sort, math.type
local metatable_of = debug.getmetatable

local RANK <const> = {number = 1, string = 2, boolean = 3}

return function(kit)
  local class_of, number_of, frozen = kit.class_of, kit.number_of, kit.frozen

  local function rank_of(key)
    return RANK[type(key)] or class_of(key) and 4 or 5
  end

  local function before(a, b)
    local ra, rb = rank_of(a), rank_of(b)
    if ra ~= rb then return ra < rb end
    if ra == 3 then return not a and b end
    if ra > 3 then return number_of(a) < number_of(b) end
    return a < b
  end

  local function refuse(key)
    if kit.identity().durable then
      kit.error(kit.invalid("pairs: a key of type " .. type(key)
        .. " has no fixed order in a durable run; use text or numbers as keys"))
    end
  end

  local function sorted(keys, count)
    if count < 2 then return keys end
    local kind = type(keys[1])
    for i = 1, count do
      local key = keys[i]
      if type(key) ~= kind or not RANK[kind] or kind == "boolean" then
        sort(keys, before)
        return keys
      end
    end
    kit.spend(count) -- the rest is done by C
    sort(keys)
    return keys
  end

  -- The keys of `t` in order, without 1..n, of which the first `done` need not be there any more; and n.
  local function ordered_keys(t, done)
    local n = done
    while rawget(t, n + 1) ~= nil do n = n + 1 end
    local keys, count = {}, 0
    for key in next, t do
      local kind = type(key)
      if kind ~= "number" or math_type(key) == "float" or key < 1 or key > n then
        if kind ~= "string" and not RANK[kind] and not class_of(key) then refuse(key) end
        count = count + 1
        keys[count] = key
      end
    end
    return sorted(keys, count), count, n
  end

  local function table_of(t, name)
    t = frozen[t] or t
    if type(t) ~= "table" or class_of(t) then
      kit.error("bad argument #1 to '" .. name .. "' (table expected, got " .. kit.type(t) .. ")")
    end
    return t
  end

  local function pairs_(...)
    local t = ...
    local metatable = metatable_of(t)
    local meta = metatable and type(t) == "table" and not class_of(t) and rawget(metatable, "__pairs")
    if meta then
      local step, state, first = meta(t)
      return step, state, first
    end
    t = table_of(t, "for iterator")
    local i, keys, count, k, n = 0, nil, 0, 0, 0
    return function()
      if not keys then
        -- While Lua's own order is 1, 2, 3 … it is ours, too, and needs no list of keys.
        local key, value = next(t, i > 0 and i or nil)
        if key == i + 1 then
          i = i + 1
          return i, value
        end
        if key == nil then return nil end
        keys, count, n = ordered_keys(t, i)
      end
      while i < n do
        i = i + 1
        local value = rawget(t, i)
        if value ~= nil then return i, value end
      end
      while k < count do
        k = k + 1
        local key = keys[k]
        local value = rawget(t, key)
        if value ~= nil then return key, value end
      end
      return nil
    end, t, nil
  end

  -- What `next` has sorted: table -> its keys, their number, where the last one that it gave is, and n.
  local walks = setmetatable({}, {__mode = "k"})

  local function from(t, walk)
    local keys = walk.keys
    for k = walk.at + 1, walk.count do
      local value = rawget(t, keys[k])
      if value ~= nil then
        walk.at = k
        return keys[k], value
      end
    end
    walks[t] = nil
    return nil
  end

  local function found(walk, key)
    if walk.keys[walk.at] == key then return true end
    for k = 1, walk.count do
      if walk.keys[k] == key then
        walk.at = k
        return true
      end
    end
    return false
  end

  local function next_(t, key)
    t = table_of(t, "next")
    local walk = walks[t]
    if key == nil then
      walks[t] = nil
      local value = rawget(t, 1)
      if value ~= nil then return 1, value end
      if next(t) == nil then return nil end
      walk = nil
    elseif math_type(key) == "integer" and key >= 1 and (not walk or key <= walk.n) then
      local value = rawget(t, key + 1)
      if value ~= nil then return key + 1, value end
    end
    if walk and found(walk, key) then return from(t, walk) end
    local keys, count, n = ordered_keys(t, 0)
    walk = {keys = keys, count = count, n = n, at = 0}
    if key ~= nil and not (math_type(key) == "integer" and key >= 1 and key <= n) then
      while walk.at < count and not before(key, keys[walk.at + 1]) do walk.at = walk.at + 1 end
    elseif key ~= nil and key < n then -- an integer in front of a hole that has been filled
      return key + 1, rawget(t, key + 1)
    end
    walks[t] = walk
    return from(t, walk)
  end

  return pairs_, next_
end
