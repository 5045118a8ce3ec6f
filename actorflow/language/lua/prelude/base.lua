-- The ground scripts stand on: the globals of Lua without what would escape, hang or differ from run to run.
-- Called with (kit, core, library) -> table of globals; `core` has draw, now and note, `library` string, table and
-- coroutine.

local type, next, rawget, rawset, rawequal, ipairs = type, next, rawget, rawset, rawequal, ipairs
local select, tonumber, native_tostring, error = select, tonumber, tostring, error
local getmetatable, setmetatable = getmetatable, setmetatable
local metatable_of, unpack_bits, pack_bits = debug.getmetatable, string.unpack, string.pack
local math, format, concat, pack, math_type = math, string.format, table.concat, table.pack, math.type
local tointeger, floor, log, fmod, exp, atan = math.tointeger, math.floor, math.log, math.fmod, math.exp, math.atan
local os_date, sub = os.date, string.sub

return function(kit, core, library)
  local class_of, frozen = kit.class_of, kit.frozen

  -- ---- text of values -----------------------------------------------------------------------------------------------

  -- Floats as Go's shortest text that reads back as the same: whole ones without a point, 1e+21 and 1e-07 with an
  -- exponent.
  local function number_text(value)
    if math_type(value) == "integer" then return native_tostring(value) end
    local whole = tointeger(value)
    if whole then return native_tostring(whole) end
    if value ~= value then return "nan" end
    if value == floor(value) and value > -1e21 and value < 1e21 then return format("%.0f", value) end
    for digits = 15, 16 do
      local text = format("%." .. digits .. "g", value)
      if tonumber(text) == value then return text end
    end
    return format("%.17g", value)
  end

  local function tostring_(...)
    if select("#", ...) == 0 then error("bad argument #1 to 'tostring' (value expected)", 2) end
    local value = ...
    local kind = type(value)
    if kind == "string" then return value end
    if kind == "number" then return number_text(value) end
    if kind ~= "table" then
      if kind ~= "function" and kind ~= "thread" and kind ~= "userdata" then return native_tostring(value) end
      return kind .. ": " .. format("0x%05x", kit.number_of(value))
    end
    local metatable = metatable_of(value)
    local meta = metatable and rawget(metatable, "__tostring")
    if meta then
      local text = meta(value)
      if type(text) ~= "string" then kit.error("'__tostring' must return a string") end
      return text
    end
    local name = metatable and rawget(metatable, "__name")
    return (type(name) == "string" and name or kind) .. ": " .. format("0x%05x", kit.number_of(value))
  end
  kit.tostring = tostring_

  local function print_(...)
    local parts = pack(...)
    for i = 1, parts.n do parts[i] = tostring_(parts[i]) end
    core.note("info", concat(parts, " "))
  end

  local function tonumber_(...)
    if select("#", ...) == 0 then error("bad argument #1 to 'tonumber' (value expected)", 2) end
    local value = ...
    if type(value) == "table" then value = kit.text_of(value) end
    return tonumber(value, select(2, ...))
  end

  -- ---- errors -------------------------------------------------------------------------------------------------------

  local function error_(message, level)
    level = tointeger(level or 1) or 1
    if level > 0 then level = level + 1 end
    error(message, level)
  end

  local function assert_(...)
    local value, message = ...
    if value then return ... end
    if select("#", ...) == 0 then error("bad argument #1 to 'assert' (value expected)", 2) end
    if select("#", ...) < 2 then message = "assertion failed!" end
    error(message, 0)
  end

  -- ---- metatables ---------------------------------------------------------------------------------------------------

  local function setmetatable_(t, ...)
    local metatable = ...
    if type(t) == "table" and (class_of(t) or frozen[t]) then kit.error("cannot change a protected metatable") end
    if type(metatable) == "table" then
      if class_of(metatable) or frozen[metatable] then
        kit.error("bad argument #2 to 'setmetatable' (plain table expected)")
      end
      -- A finalizer runs with the limits off and a weak table shows when memory is collected. Scripts that ask for
      -- them run without: the fields are taken out before Lua looks.
      if rawget(metatable, "__gc") ~= nil then rawset(metatable, "__gc", nil) end
      if rawget(metatable, "__mode") ~= nil then rawset(metatable, "__mode", nil) end
    end
    return setmetatable(t, ...)
  end

  local function getmetatable_(...)
    if type((...)) == "string" then return false end
    return getmetatable(...)
  end

  local function plain(t, name)
    if type(t) ~= "table" or class_of(t) or frozen[t] then
      kit.error("bad argument #1 to '" .. name .. "' (table expected, got "
        .. (frozen[t] and "a read-only table" or kit.type(t)) .. ")")
    end
    return t
  end

  -- ---- math and os --------------------------------------------------------------------------------------------------

  local maths = {}
  for name, value in next, math do maths[name] = value end
  maths.randomseed = function() end
  function maths.pow(x, y) return x ^ y end
  function maths.log10(x) return log(x, 10) end
  maths.mod, maths.atan2 = fmod, atan
  function maths.sinh(x) return (exp(x) - exp(-x)) / 2 end
  function maths.cosh(x) return (exp(x) + exp(-x)) / 2 end
  function maths.tanh(x)
    if x > 20 or x < -20 then return x > 0 and 1.0 or -1.0 end
    local up, down = exp(x), exp(-x)
    return (up - down) / (up + down)
  end
  function maths.ldexp(x, exponent) return x * 2.0 ^ exponent end

  -- x as a fraction of 0.5 to 1 and a power of 2, by the bits of IEEE 754.
  function maths.frexp(x)
    x = x + 0.0
    if x == 0 or x ~= x or x - x ~= 0 then return x, 0 end
    local bits = unpack_bits("<i8", pack_bits("<d", x))
    local exponent = bits >> 52 & 0x7ff
    if exponent == 0 then
      local fraction, more = maths.frexp(x * 2.0 ^ 54)
      return fraction, more - 54
    end
    return (unpack_bits("<d", pack_bits("<i8", bits & ~(0x7ff << 52) | 1022 << 52))), exponent - 1022
  end

  local function bound(value, which)
    local number = tointeger(value)
    if not number then
      kit.error("bad argument #" .. which .. " to 'random' (number has no integer representation)")
    end
    return number
  end

  local function below(count) -- 0 .. count - 1, all alike
    local limit = (1 << 63) - 1 - ((1 << 63) - 1) % count
    while true do
      local bits = unpack_bits("<i8", core.draw("random", 8)) & ((1 << 63) - 1)
      if bits < limit then return bits % count end
    end
  end

  function maths.random(...)
    local low, high = ...
    local n = select("#", ...)
    if n == 0 then return (unpack_bits("<i8", core.draw("random", 8)) >> 11) * (1.0 / (1 << 53)) end
    if n > 2 then kit.error("wrong number of arguments") end
    low = bound(low, 1)
    if n == 1 then
      if low == 0 then return (unpack_bits("<i8", core.draw("random", 8))) end
      low, high = 1, low
    else
      high = bound(high, 2)
    end
    if low > high then kit.error("bad argument #" .. n .. " to 'random' (interval is empty)") end
    local count = high - low + 1
    if count <= 0 then -- more than 63 bits
      while true do
        local bits = unpack_bits("<i8", core.draw("random", 8))
        if bits >= low and bits <= high then return bits end
      end
    end
    return low + below(count)
  end

  local function seconds(t) return t == nil and core.now() // 1000000000 or floor(t) end

  local oss = {platform = "wippy"}
  function oss.time(t)
    if t == nil then return core.now() // 1000000000 end
    return kit.seconds_of(plain(t, "time"))
  end
  function oss.date(pattern, t)
    pattern = pattern == nil and "%c" or pattern
    if type(pattern) ~= "string" then
      kit.error("bad argument #1 to 'date' (string expected, got " .. kit.type(pattern) .. ")")
    end
    if t ~= nil and type(t) ~= "number" then
      kit.error("bad argument #2 to 'date' (number expected, got " .. kit.type(t) .. ")")
    end
    if sub(pattern, 1, 1) ~= "!" then pattern = "!" .. pattern end -- the zone of a machine is no business of a script
    return os_date(pattern, tointeger(seconds(t)) or 0)
  end
  function oss.clock() return core.now() / 1e9 end
  function oss.difftime(a, b) return (a - (b or 0)) * 1.0 end

  local freeze = kit.freeze
  return {
    assert = assert_, error = error_, pcall = library.pcall, xpcall = library.xpcall, type = kit.type,
    tostring = tostring_,
    tonumber = tonumber_, pairs = library.pairs, next = library.next, ipairs = ipairs, select = select,
    unpack = library.table.unpack, print = print_, rawequal = rawequal,
    rawget = function(t, key) return rawget(plain(t, "rawget"), key) end, 
    rawset = function(t, key, value) return rawset(plain(t, "rawset"), key, value) end,
    getmetatable = getmetatable_, setmetatable = setmetatable_, _VERSION = "Lua 5.4",
    string = freeze(library.string, "string"), table = freeze(library.table, "table"), math = freeze(maths, "math"),
    os = freeze(oss, "os"),
  }
end
