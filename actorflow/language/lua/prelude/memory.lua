-- Weighing a process: about how many KiB only it holds. Called with (kit), gives kit weigh, begin_weighing, weigh_on.
--
-- It may be done in pieces, as long as nothing of the process runs in between.
-- Walks what its tasks can reach: their stacks, the closures, tables, strings and coroutines found there. Sizes are those
-- of Lua's own structures, about; strings of up to 40 characters, which Lua keeps once, count with the table or stack that
-- names them. The prelude's functions hold what all processes share, so of those only the script's functions and
-- coroutines are looked at.

local type, next = type, next
local getinfo, getlocal, getupvalue, getmetatable = debug.getinfo, debug.getlocal, debug.getupvalue, debug.getmetatable
local byte, match = string.byte, string.match

local SCRIPT <const> = 64 -- "@" begins the chunk name of a script's source, and of nothing else
local SHORT <const> = 40
local TABLE <const>, SLOT <const>, ITEM <const> = 56, 40, 16
local CLOSURE <const>, UPVALUE <const>, THREAD <const> = 40, 48, 1100
local MAX_LEVELS <const> = 200000
local WIDE <const> = 256 -- things that are found in one table before they are looked into

return function(kit)
  local seen, found, depth, total -- objects met; those to look into, and how many; bytes
  local open, opened -- tables that are not through, each followed by its key to go on at; how many items
  local left -- objects that this piece may still look at

  local function meet(value, kind)
    if seen[value] then return end
    seen[value] = true
    if kind == "string" then total = total + #value + 24
    else
      depth = depth + 1
      found[depth] = value
    end
  end

  local function note(value)
    local kind = type(value)
    if kind == "table" or kind == "function" or kind == "thread" then meet(value, kind)
    elseif kind == "string" and #value > SHORT then meet(value, kind) end
  end

  -- Of what the prelude itself keeps: what belongs to a script.
  local function note_guest(value)
    local kind = type(value)
    if kind == "thread" or kind == "function" and byte(getinfo(value, "S").source) == SCRIPT then meet(value, kind) end
  end

  local function look_into_table(thing, from)
    if from == nil then
      local meta = getmetatable(thing)
      total = total + TABLE
      if meta then note(meta) end -- a weak one, too: what it names is there as long as something else holds it
    end
    local room = depth + WIDE
    for key, value in next, thing, from do
      local kind = type(value)
      if kind ~= "number" and kind ~= "boolean" then note(value) end
      if type(key) == "number" then total = total + ITEM
      else
        total = total + SLOT
        note(key)
      end
      left = left - 1
      if left < 0 or depth > room then -- what was found comes first: so there is never much of it
        open[opened + 1], open[opened + 2] = thing, key
        opened = opened + 2
        return
      end
    end
  end

  local function look_into_function(thing)
    local is_guest = byte(getinfo(thing, "S").source) == SCRIPT
    local meet_one = is_guest and note or note_guest
    total = total + CLOSURE
    for index = 1, 255 do
      local name, value = getupvalue(thing, index)
      if not name then break end
      total = total + UPVALUE
      meet_one(value)
    end
  end

  local function look_into_thread(thing)
    total = total + THREAD
    for level = 0, MAX_LEVELS do
      local info = getinfo(thing, level, "Sf")
      if not info then break end
      local is_guest = byte(info.source) == SCRIPT
      local meet_one = is_guest and note or note_guest
      meet_one(info.func)
      -- The locals, then the variable arguments. Temporary values may be left there by a call of the prelude.
      for step = 1, -1, -2 do
        local index = step
        while true do
          local name, value = getlocal(thing, level, index)
          if not name then break end
          total = total + ITEM
          if match(name, "temporary") then note_guest(value) else meet_one(value) end
          index = index + step
        end
      end
    end
  end

  local function look_into(thing)
    local kind = type(thing)
    left = left - 1
    if kind == "table" then look_into_table(thing)
    elseif kind == "function" then look_into_function(thing)
    else look_into_thread(thing) end
  end

  -- Begins to weigh an instance, until it is done or more than `limit` KiB were met.
  function kit.begin_weighing(instance, limit)
    seen, found, depth, total = {[instance] = true}, {}, 0, 0
    for index = 1, #instance do note(instance[index]) end
    for _, part in next, {"slots", "held", "worker"} do note(instance[part] or nil) end
    return {seen = seen, found = found, depth = depth, open = {}, opened = 0, total = 0, most = limit * 1024}
  end

  local function look_into_next()
    if depth > 0 then
      local thing = found[depth]
      found[depth] = nil
      depth = depth - 1
      look_into(thing)
      return
    end
    local thing, from = open[opened - 1], open[opened]
    opened = opened - 2
    look_into_table(thing, from)
  end

  -- Goes on for `count` objects, about; returns about how many KiB were met, and whether that is all.
  function kit.weigh_on(work, count)
    seen, found, depth, open, opened, total = work.seen, work.found, work.depth, work.open, work.opened, work.total
    left = count
    local most = work.most
    while left >= 0 and total <= most and depth + opened > 0 do look_into_next() end
    work.depth, work.opened, work.total = depth, opened, total
    seen, found, open = nil, nil, nil
    return total / 1024, total > most or depth + opened == 0
  end

  -- Returns about how many KiB an instance holds, or what was met when that became more than `limit` KiB; nil when
  -- more than `count` objects would have to be looked at.
  function kit.weigh(instance, limit, count)
    local held, done = kit.weigh_on(kit.begin_weighing(instance, limit), count)
    if done then return held end
    return nil
  end
end
