-- Durations: nanoseconds, given as a number, as text or as an object. Called with (kit) -> the bodies of `time` that
-- make them; gives kit.duration(ns), duration_ns(value), Duration, whole(number).

local type, tonumber, next, rawget = type, tonumber, next, rawget
local tointeger, floor, maxinteger, mininteger = math.tointeger, math.floor, math.maxinteger, math.mininteger
local format, match, gmatch, gsub = string.format, string.match, string.gmatch, string.gsub

local MAX_TEXT <const> = 100
local UNITS <const> = {} -- the words of actorflow/duration.py
for names, size in next, {
  ["ns nanosecond nanoseconds"] = 1,
  ["us µs μs microsecond microseconds"] = 1000,
  ["ms millisecond milliseconds"] = 1000000,
  ["s sec secs second seconds"] = 1000000000,
  ["m min mins minute minutes"] = 60000000000,
  ["h hour hours"] = 3600000000000,
  ["d day days"] = 86400000000000,
  ["w week weeks"] = 604800000000000,
} do
  for name in gmatch(names, "%S+") do UNITS[name] = size end
end

return function(kit)
  local Duration = kit.class("Duration", {})
  kit.Duration = Duration
  local function duration(ns) return kit.object(Duration, ns) end
  kit.duration = duration

  -- An integer; what is beyond 64 bits is the nearest that is not.
  function kit.whole(number)
    if number ~= number then return nil end
    return tointeger(number) or tointeger(floor(number)) or (number > 0 and maxinteger or mininteger)
  end
  local whole = kit.whole

  local function parse_text(text)
    local sign, rest = match(text, "^%s*([-+]?)(.-)%s*$")
    if rest == "0" then return 0 end
    if rest == "" then return nil end
    local total = 0
    while rest ~= "" do
      local amount, unit, tail = match(rest, "^%s*(%d*%.?%d*)%s*([a-z\xc2\xce\xb5\xbc]+)%s*(.*)$")
      amount = amount and tonumber(amount)
      local size = unit and UNITS[unit]
      if not amount or not size then return nil end
      total = total + amount * size
      rest = tail
    end
    total = whole(total)
    return sign == "-" and -total or total
  end

  function kit.duration_ns(value)
    local kind = type(value)
    if kind == "number" then return whole(value) end
    if kind == "table" and kit.class_of(value) == Duration then return kit.data(Duration, value) end
    if kind ~= "string" or value == "" or #value > MAX_TEXT then return nil end
    return parse_text(value)
  end

  function kit.refused_duration(value)
    return kit.invalid("invalid duration: got " .. kit.tostring(value)
      .. ", expected a number of nanoseconds, text such as '10s', or a Duration")
  end

  kit.methods(Duration, {
    nanoseconds = function(ns) return ns end,
    microseconds = function(ns) return (ns - ns % (ns < 0 and -1000 or 1000)) // 1000 end,
    milliseconds = function(ns) return (ns - ns % (ns < 0 and -1000000 or 1000000)) // 1000000 end,
    seconds = function(ns) return ns / 1e9 end,
    minutes = function(ns) return ns / 6e10 end,
    hours = function(ns) return ns / 3.6e12 end,
  })
  Duration.__eq = function(a, b)
    return kit.class_of(a) == kit.class_of(b) and rawget(a, kit.DATA) == rawget(b, kit.DATA)
  end
  Duration.__lt = function(a, b) return kit.data(Duration, a, "<") < kit.data(Duration, b, "<") end
  Duration.__le = function(a, b) return kit.data(Duration, a, "<=") <= kit.data(Duration, b, "<=") end

  local function digits(number) return (gsub(gsub(format("%.9f", number), "0+$", ""), "%.$", "")) end

  -- As Go writes it: 1h2m3.5s, 1.5ms, 250ns.
  Duration.__tostring = function(self)
    local ns = rawget(self, kit.DATA)
    local sign = ns < 0 and "-" or ""
    if ns == mininteger then return "-2562047h47m16.854775808s" end
    if ns < 0 then ns = -ns end
    if ns == 0 then return "0s" end
    if ns < 1000 then return sign .. ns .. "ns" end
    if ns < 1000000 then return sign .. digits(ns / 1000) .. "µs" end
    if ns < 1000000000 then return sign .. digits(ns / 1000000) .. "ms" end
    local hours, minutes = ns // 3600000000000, ns % 3600000000000 // 60000000000
    local head = hours > 0 and (hours .. "h" .. minutes .. "m") or minutes > 0 and (minutes .. "m") or ""
    return sign .. head .. digits(ns % 60000000000 / 1e9) .. "s"
  end
end
