-- pairs and next in one fixed order: 1..n up to the first hole, other numbers ascending, strings bytewise, false, true,
-- then our own objects by creation number; other keys come last, and are refused in a durable run.
--
-- Called with (kit) -> pairs, next. As in Lua, fields may be assigned and cleared during a traversal; a new key may or
-- may not be met.

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

  -- Where a traversal by `next` is: table -> the last integer that it gave of 1..n as `last`, then also the other keys,
  -- their count, and the place among them as `at`.
  local walks = setmetatable({}, {__mode = "k"})

  local function others(t, walk)
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

  local function is_at(walk, key)
    if not walk.keys then return walk.last == key end
    return walk.at > 0 and walk.keys[walk.at] == key
  end

  -- Takes up a traversal at a key that was not the last one given.
  local function resumed(t, key)
    local keys, count, n = ordered_keys(t, 0)
    if math_type(key) == "integer" and key >= 1 and key <= n then return {last = key} end
    local at = 0
    while at < count and not before(key, keys[at + 1]) do at = at + 1 end
    return {keys = keys, count = count, at = at}
  end

  local function next_(t, key)
    t = table_of(t, "next")
    local walk
    if key == nil then
      if next(t) == nil then return nil end
      walk = {last = 0}
      walks[t] = walk
    else
      walk = walks[t]
      if not walk or not is_at(walk, key) then
        walk = resumed(t, key)
        walks[t] = walk
      end
    end
    if not walk.keys then
      local following = walk.last + 1
      local value = rawget(t, following)
      if value ~= nil then
        walk.last = following
        return following, value
      end
      walk.keys, walk.count = ordered_keys(t, walk.last)
      walk.at = 0
    end
    return others(t, walk)
  end

  return pairs_, next_
end
