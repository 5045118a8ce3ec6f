-- Looking at a task that waits: where each of its functions stands and what its variables hold, as text.
-- Called with (kit), gives kit.shown_value, kit.inspect. Nothing of the script runs: no metamethod is called, and what
-- is shown is bounded in depth, items and characters.

local type, next, rawget, tostring, ipairs = type, next, rawget, tostring, ipairs
local getinfo, getlocal, getupvalue = debug.getinfo, debug.getlocal, debug.getupvalue
local byte, find, format, gsub, match, sub = string.byte, string.find, string.format, string.gsub, string.match,
  string.sub
local concat, order = table.concat, table.sort

local SCRIPT <const> = 64 -- "@" begins the chunk name of a script's source, and of nothing else
local LONGEST <const>, MOST_ITEMS <const>, MOST_KEYS <const>, DEEPEST <const> = 200, 20, 200, 4
local MOST_TEXT <const> = 4000
local MOST_FRAMES <const>, MOST_VARIABLES <const> = 30, 100

local ESCAPES <const> = {["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t", ['"'] = '\\"', ["\\"] = "\\\\"}

return function(kit)
  local left -- characters that may still be shown

  local function quoted(text)
    local cut = #text > LONGEST
    local shown = gsub(cut and sub(text, 1, LONGEST) or text, '[%c"\\]', function(char)
      return ESCAPES[char] or format("\\%03d", byte(char))
    end)
    return '"' .. shown .. (cut and '…" (' .. #text .. " bytes)" or '"')
  end

  local RANK <const> = {number = 1, string = 2}

  local function before(a, b)
    local x, y = RANK[type(a)] or 3, RANK[type(b)] or 3
    if x ~= y then return x < y end
    return x < 3 and a < b
  end

  local function keys_of(value)
    local keys, n = {}, 0
    for key in next, value do
      if n == MOST_KEYS then return keys, n, true end
      n = n + 1
      keys[n] = key
    end
    order(keys, before)
    return keys, n, false
  end

  local shown

  local function shown_key(key, position, depth, within)
    if key == position then return "" end
    if type(key) == "string" and find(key, "^[%a_][%w_]*$") then return key .. " = " end
    return "[" .. shown(key, depth, within) .. "] = "
  end

  local function shown_items(value, depth, within)
    local keys, n, more = keys_of(value)
    local parts = {}
    for position = 1, n do
      if position > MOST_ITEMS or left <= 0 then
        more = true
        break
      end
      local key = keys[position]
      parts[position] = shown_key(key, position, depth + 1, within) .. shown(rawget(value, key), depth + 1, within)
    end
    if more then parts[#parts + 1] = "…" end
    return "{" .. concat(parts, ", ") .. "}"
  end

  local function shown_object(value, class)
    local failure = kit.failure_of(value)
    if failure then return "<Error " .. failure.kind .. ": " .. quoted(failure.message) .. ">" end
    return "<" .. class.__name .. ">"
  end

  local function is_module(value)
    for _, item in next, value do return type(item) == "function" end
    return false
  end

  local function shown_table(value, depth, within)
    local class = kit.class_of(value)
    if class then return shown_object(value, class) end
    if within[value] then return "<itself>" end
    if depth >= DEEPEST then return next(value) == nil and "{}" or "{…}" end
    local frozen = kit.frozen[value]
    if frozen and is_module(frozen) then return "<module>" end
    within[value] = true
    local text = shown_items(frozen or value, depth, within)
    within[value] = nil
    return text
  end

  local function shown_function(value)
    local info = getinfo(value, "S")
    if byte(info.source) ~= SCRIPT then return "<function>" end
    return "<function of line " .. info.linedefined .. ">"
  end

  function shown(value, depth, within)
    local kind, text = type(value), nil
    if kind == "string" then text = quoted(value)
    elseif kind == "table" then return shown_table(value, depth, within)
    elseif kind == "function" then text = shown_function(value)
    elseif kind == "thread" then text = "<coroutine>"
    else text = tostring(value) end
    left = left - #text
    return text
  end

  function kit.shown_value(value)
    left = MOST_TEXT
    return shown(value, 0, {})
  end

  local function handle_of(value)
    if type(value) ~= "table" or not kit.class_of(value) then return 0 end
    local id = rawget(value, kit.ID)
    return type(id) == "number" and id or 0
  end

  local function variable(name, value)
    return kit.as_array({name, kit.shown_value(value), handle_of(value)}, 3)
  end

  local function is_hidden(name, value)
    if name == "_ENV" or byte(name) == 40 then return true end -- "(" begins the names that Lua makes up
    return type(value) == "table" and kit.frozen[value] and is_module(kit.frozen[value])
  end

  local function locals(co, level, found, at)
    local n = 0
    for index = 1, MOST_VARIABLES do
      local name, value = getlocal(co, level, index)
      if not name then break end
      if not is_hidden(name, value) then
        if not at[name] then
          n = n + 1
          at[name] = n
        end
        found[at[name]] = variable(name, value) -- the innermost of this name
      end
    end
    return n
  end

  local function upvalues(f, found, at, n)
    for index = 1, MOST_VARIABLES do
      local name, value = getupvalue(f, index)
      if not name then break end
      if not at[name] and type(value) ~= "function" and not is_hidden(name, value) then
        n = n + 1
        found[n] = variable(name, value)
      end
    end
    return n
  end

  local function frame(co, level, info)
    local found, at = {}, {}
    local n = upvalues(info.func, found, at, locals(co, level, found, at))
    local name = info.name or (info.what == "main" and "the chunk") or "function of line " .. info.linedefined
    return kit.as_array({kit.file_of(sub(info.source, 2)), info.currentline, name, kit.as_array(found, n)}, 4)
  end

  -- The frames of the script in a task, innermost first: file, line, function, variables (name, text, handle or 0).
  function kit.inspect(task)
    local list, n = {}, 0
    for _, co in ipairs(kit.coroutines_of(task)) do
      for level = 0, 1000 do
        local info = getinfo(co, level, "Slnf")
        if not info or n >= MOST_FRAMES then break end
        if byte(info.source) == SCRIPT then
          n = n + 1
          list[n] = frame(co, level, info)
        end
      end
    end
    return kit.as_array(list, n)
  end
end
