-- Weighing a process: about how many KiB only it holds. Called with (kit), gives kit.weigh.
--
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

return function(kit)
  local seen, found, total -- objects met; those to look into; bytes

  local function meet(value, kind)
    if seen[value] then return end
    seen[value] = true
    if kind == "string" then total = total + #value + 24 else found[#found + 1] = value end
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

  local function look_into_table(thing, most)
    local items = 0
    local meta = getmetatable(thing)
    total = total + TABLE
    if meta then note(meta) end -- a weak one, too: what it names is there as long as something else holds it
    for key, value in next, thing do
      local kind = type(value)
      if kind ~= "number" and kind ~= "boolean" then note(value) end
      if type(key) == "number" then total = total + ITEM
      else
        total = total + SLOT
        note(key)
      end
      items = items + 1
      if total > most then return end
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

  -- Returns about how many KiB an instance holds, or what was met when that became more than `limit` KiB.
  function kit.weigh(instance, limit)
    local most = limit * 1024
    seen, found, total = {[instance] = true}, {}, 0
    for index = 1, #instance do note(instance[index]) end
    for _, part in next, {"slots", "held", "worker"} do note(instance[part] or nil) end
    while #found > 0 and total <= most do
      local thing = found[#found]
      found[#found] = nil
      local kind = type(thing)
      if kind == "table" then look_into_table(thing, most)
      elseif kind == "function" then look_into_function(thing)
      else look_into_thread(thing) end
    end
    local held = total
    seen, found = nil, nil
    return held / 1024
  end
end
