-- The ground scripts stand on: the standard library without what would escape, hang or differ from run to run.
--
-- Returns function(core) -> base, kit. `core` has: draw(kind, size), identity(), note(level, text), now(), patterns
-- (function that makes the bounded pattern functions), limits. `base` is the table of globals that every script sees
-- through its own environment; `kit` is what the rest of the prelude needs.

local type, next, rawget, rawset, rawequal, rawlen = type, next, rawget, rawset, rawequal, rawlen
local select, tonumber, native_tostring = select, tonumber, tostring
local native_pcall, native_xpcall, native_error = pcall, xpcall, error
local getmetatable, setmetatable, native_assert = getmetatable, setmetatable, assert
local string, table, math, coroutine, debug, os = string, table, math, coroutine, debug, os
local format, sub, rep, byte = string.format, string.sub, string.rep, string.byte
local sort, concat, pack, unpack = table.sort, table.concat, table.pack, table.unpack
local math_type = math.type
local sethook, traceback = debug.sethook, debug.traceback
local resume, create, status, running, yield = coroutine.resume, coroutine.create, coroutine.status, coroutine.running, coroutine.yield
local native_pairs, collect = pairs, collectgarbage
local utf8_len = utf8.len
local os_time, os_date = os.time, os.date

local MAX_STRING <const> = 64 * 1024 * 1024
local HOOK <const> = 10000

return function(core)
  local kit = {}
  local SYS = {} -- what our own yields carry first; scripts cannot get hold of it
  local FATAL = setmetatable({}, {__tostring = function() return kit.fatal_message or "killed" end})
  kit.SYS, kit.FATAL = SYS, FATAL

  -- ---- objects: tables that scripts take for userdata ------------------------------------------------------------
  local class_of = setmetatable({}, {__mode = "k"})
  local number_of = setmetatable({}, {__mode = "k"})
  local numbers = 0
  kit.class_of = class_of

  function kit.object(metatable)
    local object = setmetatable({}, metatable)
    class_of[object] = metatable
    return object
  end

  local function number_for(value)
    local number = number_of[value]
    if not number then
      numbers = numbers + 1
      number = numbers
      number_of[value] = number
    end
    return number
  end

  function kit.class(name, methods)
    local metatable = {__index = methods, __metatable = false, __name = name}
    metatable.__tostring = function(self) return name .. ": " .. number_for(self) end
    metatable.__newindex = function() native_error(name .. " is read-only", 2) end
    return metatable
  end

  -- ---- being killed -----------------------------------------------------------------------------------------------
  local used, budget = 0, core.limits.instructions

  local function die(message)
    kit.fatal_message = message
    sethook(function() native_error(FATAL, 0) end, "", 1) -- every further instruction: no pcall or __close survives
    native_error(FATAL, 0)
  end

  local function hook()
    used = used + HOOK
    if used > budget then
      die("computed longer than " .. core.limits.milliseconds .. " ms between two calls")
    end
    if collect("count") > core.limits.memory_kib then
      collect()
      if collect("count") > core.limits.memory_kib then
        die("uses more memory than " .. (core.limits.memory_kib // 1024) .. " MiB")
      end
    end
  end

  function kit.refill() used = 0 end

  local function watch(co)
    sethook(co, hook, "", HOOK)
    return co
  end
  kit.watch = watch

  -- ---- errors ------------------------------------------------------------------------------------------------------
  local function error_(message, level)
    level = level or 1
    if level > 0 then level = level + 1 end
    native_error(message, level)
  end

  local function checked(ok, ...)
    if not ok and rawequal((...), FATAL) then native_error(FATAL, 0) end
    return ok, ...
  end

  local function memory(ok, ...)
    local message = ...
    if not ok and message == "not enough memory" then die("uses more memory than it may") end
    return checked(ok, ...)
  end

  local function pcall_(f, ...) return memory(native_pcall(f, ...)) end

  local function xpcall_(f, handler, ...)
    return memory(native_xpcall(f, function(problem)
      if rawequal(problem, FATAL) then return problem end
      return handler(problem)
    end, ...))
  end

  local function type_(...)
    if select("#", ...) == 0 then native_error("bad argument #1 to 'type' (value expected)", 2) end
    local value = ...
    return class_of[value] and "userdata" or type(value)
  end

  local function tostring_(...)
    if select("#", ...) == 0 then native_error("bad argument #1 to 'tostring' (value expected)", 2) end
    local value = ...
    local kind = type(value)
    if kind == "table" or kind == "function" or kind == "thread" or kind == "userdata" then
      local metatable = getmetatable(value) or class_of[value]
      if type(metatable) == "table" then
        local meta = rawget(metatable, "__tostring")
        if meta then
          local text = meta(value)
          if type(text) ~= "string" then native_error("'__tostring' must return a string", 2) end
          return text
        end
      end
      return kind .. ": " .. format("0x%05x", number_for(value))
    end
    return native_tostring(value)
  end
  kit.tostring = tostring_

  -- ---- iteration in one fixed order --------------------------------------------------------------------------------
  local RANK <const> = {number = 1, string = 2, boolean = 3}

  local function before(a, b)
    local ta, tb = type(a), type(b)
    if ta ~= tb then return (RANK[ta] or 4) < (RANK[tb] or 4) end
    if ta == "boolean" then return not a and b end
    if RANK[ta] then return a < b end
    return number_for(a) < number_for(b)
  end

  local function refuse_key(key)
    if not class_of[key] and core.identity().durable then
      native_error("pairs: a key of type " .. type(key)
        .. " has no fixed order in a durable run; use text or numbers as keys", 3)
    end
  end

  local function sorted_keys(t)
    local n = rawlen(t)
    local keys, count = {}, 0
    for key in next, t do
      if not (math_type(key) == "integer" and key >= 1 and key <= n) then
        if not RANK[type(key)] then refuse_key(key) end
        count = count + 1
        keys[count] = key
      end
    end
    if count > 1 then sort(keys, before) end
    return keys, count, n
  end

  local frozen = setmetatable({}, {__mode = "k"}) -- proxy -> what it stands for

  local function pairs_(t)
    local metatable = getmetatable(t)
    local meta = type(metatable) == "table" and rawget(metatable, "__pairs")
    if meta then return meta(t) end
    t = frozen[t] or t
    if type(t) ~= "table" then
      native_error("bad argument #1 to 'for iterator' (table expected, got " .. type_(t) .. ")", 2)
    end
    local keys, count, n = sorted_keys(t)
    local i, k = 0, 0
    return function()
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

  local function next_(t, key)
    t = frozen[t] or t
    if type(t) ~= "table" then native_error("bad argument #1 to 'next' (table expected)", 2) end
    local n = rawlen(t)
    local position = key == nil and 0 or math_type(key) == "integer" and key >= 1 and key <= n and key or nil
    if position then
      for i = position + 1, n do
        local value = rawget(t, i)
        if value ~= nil then return i, value end
      end
    end
    local keys, count = sorted_keys(t)
    for k = 1, count do
      if position or key ~= nil and before(key, keys[k]) then
        local value = rawget(t, keys[k])
        if value ~= nil then return keys[k], value end
      end
    end
    return nil
  end

  -- ---- frozen tables ---------------------------------------------------------------------------------------------
  local function freeze(t, name)
    local proxy = setmetatable({}, {
      __index = t,
      __newindex = function() native_error("attempt to modify read-only table " .. (name or ""), 2) end,
      __len = function() return #t end,
      __metatable = false,
    })
    frozen[proxy] = t
    return proxy
  end
  kit.freeze = freeze

  local function setmetatable_(t, metatable)
    if class_of[t] or frozen[t] then native_error("cannot change a protected metatable", 2) end
    if type(metatable) == "table" then
      if rawget(metatable, "__gc") ~= nil then native_error("__gc is not available in a script", 2) end
      if rawget(metatable, "__mode") ~= nil then native_error("weak tables are not available in a script", 2) end
    end
    return setmetatable(t, metatable)
  end

  local function getmetatable_(value)
    if type(value) == "string" then return false end
    return getmetatable(value)
  end

  local function plain_only(name, f)
    return function(t, ...)
      if class_of[t] or frozen[t] then native_error(name .. ": not available on this object", 2) end
      return f(t, ...)
    end
  end

  -- ---- strings: errors pass as their messages, patterns are bounded ------------------------------------------------
  local function text_of(value)
    return type(value) == "table" and kit.message_of and kit.message_of(value) or value
  end

  local strings = {}
  for _, name in next, {"byte", "char", "lower", "upper", "len", "reverse", "sub", "pack", "unpack", "packsize"} do
    local native = string[name]
    strings[name] = function(s, ...)
      if type(s) == "table" then s = text_of(s) end
      return native(s, ...)
    end
  end

  function strings.rep(s, n, separator)
    s = text_of(s)
    local size = (type(s) == "string" and #s or 0) + (type(separator) == "string" and #separator or 0)
    if type(n) == "number" and size > 0 and n > 0 and n * size > MAX_STRING then
      die("string.rep would make more than " .. (MAX_STRING >> 20) .. " MiB")
    end
    return rep(s, n, separator)
  end

  function strings.format(pattern, ...)
    pattern = text_of(pattern)
    if type(pattern) == "string" and pattern:find("%%[-+ #0-9.]*p") then
      native_error("bad argument #1 to 'format' (addresses are not available in a script)", 2)
    end
    local args = pack(...)
    for i = 1, args.n do
      if type(args[i]) == "table" or type(args[i]) == "function" then args[i] = tostring_(args[i]) end
    end
    return format(pattern, unpack(args, 1, args.n))
  end

  local bounded = core.patterns(string, core.limits, function(message) die(message) end)
  for _, name in next, {"find", "match", "gmatch", "gsub"} do
    local f = bounded[name]
    strings[name] = function(s, ...)
      if type(s) == "table" then s = text_of(s) end
      return f(s, ...)
    end
  end
  strings.gfind = strings.gmatch
  getmetatable("").__index = strings
  getmetatable("").__metatable = false
  kit.strings = strings

  -- ---- table, math, os -------------------------------------------------------------------------------------------
  local tables = {insert = table.insert, remove = table.remove, sort = sort, unpack = unpack, pack = pack, move = table.move}

  function tables.concat(t, separator, i, j)
    for k = i or 1, j or #t do
      if type(t[k]) == "table" and text_of(t[k]) ~= t[k] then
        local copy = {}
        for index = i or 1, j or #t do copy[index] = text_of(t[index]) end
        return concat(copy, separator, i, j)
      end
    end
    return concat(t, separator, i, j)
  end
  function tables.getn(t) return #t end
  function tables.maxn(t)
    local most = 0
    for key in next, t do if type(key) == "number" and key > most then most = key end end
    return most
  end
  function tables.create() return {} end
  function tables.freeze(t) return freeze(t) end
  function tables.isfrozen(t) return frozen[t] ~= nil end

  local maths = {}
  for name, value in native_pairs(math) do maths[name] = value end
  maths.pow = function(x, y) return x ^ y end
  maths.log10 = function(x) return math.log(x, 10) end
  maths.mod = math.fmod
  maths.randomseed = function() end
  function maths.random(low, high)
    local bits = string.unpack("<i8", core.draw("random", 8))
    if low == nil then return (bits >> 11) * (1.0 / (1 << 53)) end
    if high == nil then low, high = 1, low end
    if math_type(low) ~= "integer" then low = math.tointeger(low) or native_error("bad argument #1 to 'random' (number has no integer representation)", 2) end
    if math_type(high) ~= "integer" then high = math.tointeger(high) or native_error("bad argument #2 to 'random' (number has no integer representation)", 2) end
    if low > high then native_error("bad argument to 'random' (interval is empty)", 2) end
    local span = high - low
    if span == -1 or span < 0 then return bits end
    return low + math.tointeger((bits >> 1) % (span + 1))
  end

  local oss = {platform = "actorflow"}
  function oss.time(t) return t and os_time(t) or core.now() // 1000000000 end
  function oss.date(pattern, t) return os_date(pattern or "%c", t or core.now() // 1000000000) end
  function oss.clock() return core.now() / 1e9 end
  function oss.difftime(a, b) return (a - (b or 0)) * 1.0 end

  -- ---- coroutines: our own yields pass through the script's -----------------------------------------------------
  local owned = setmetatable({}, {__mode = "k"}) -- coroutines that a script made
  local blocked = setmetatable({}, {__mode = "k"}) -- those that wait in a call of ours

  local function create_(f)
    if type(f) ~= "function" then native_error("bad argument #1 to 'create' (function expected)", 2) end
    local co = watch(create(f))
    owned[co] = true
    return co
  end

  local step_in

  local function stepped(co, ok, first, ...)
    if ok and rawequal(first, SYS) then
      blocked[co] = true
      return step_in(co, yield(SYS, ...))
    end
    blocked[co] = nil
    return memory(ok, first, ...)
  end

  function step_in(co, ...) return stepped(co, resume(co, ...)) end

  local function resume_(co, ...)
    if blocked[co] then return false, "cannot resume coroutine blocked in a system call" end
    return stepped(co, resume(co, ...))
  end

  local function wrapped(ok, ...)
    if not ok then native_error((...), 0) end
    return ...
  end

  local function yield_(...)
    if not owned[running()] then native_error("attempt to yield from outside a coroutine", 2) end
    return yield(...)
  end

  local coroutines = {create = create_, resume = resume_, yield = yield_}
  function coroutines.wrap(f)
    local co = create_(f)
    return function(...) return wrapped(resume_(co, ...)) end
  end
  function coroutines.status(co) return status(co) end
  function coroutines.running()
    local co = running()
    return owned[co] and co or nil
  end
  kit.coroutines = coroutines

  local function print_(...)
    local parts = pack(...)
    for i = 1, parts.n do parts[i] = tostring_(parts[i]) end
    core.note("info", concat(parts, " "))
  end

  local function assert_(...)
    local value, message = ...
    if value then return ... end
    if select("#", ...) == 0 then native_error("bad argument #1 to 'assert' (value expected)", 2) end
    if select("#", ...) < 2 then message = "assertion failed!" end
    native_error(message, 0)
  end

  kit.error = error_
  kit.native_error = native_error
  kit.native_xpcall = native_xpcall
  kit.traceback = traceback

  local base = {
    assert = assert_, error = error_, pcall = pcall_, xpcall = xpcall_, type = type_, tostring = tostring_,
    tonumber = function(value, ...) return tonumber(text_of(value), ...) end,
    pairs = pairs_, next = next_, ipairs = ipairs, select = select, unpack = unpack, print = print_,
    rawequal = rawequal, rawget = plain_only("rawget", rawget), rawset = plain_only("rawset", rawset),
    getmetatable = getmetatable_, setmetatable = setmetatable_, _VERSION = "Lua 5.4",
    string = freeze(strings, "string"), table = freeze(tables, "table"), math = freeze(maths, "math"),
    os = freeze(oss, "os"),
  }
  return base, kit
end
