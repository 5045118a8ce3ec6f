-- The `time` module: durations, moments, sleeping, timers.
-- Called with (kit, sys, core) -> module; gives kit.moment, duration_ns, positive_ns and seconds_of.

local type, tonumber, next, rawget, unpack = type, tonumber, next, rawget, table.unpack
local tointeger, floor, maxinteger, mininteger = math.tointeger, math.floor, math.maxinteger, math.mininteger
local format, match, gmatch, gsub, upper = string.format, string.match, string.gmatch, string.gsub, string.upper

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

return function(kit, sys, core)
  local parts, formatted = kit.parts_of, kit.format_time
  local time = {
    NANOSECOND = 1, MICROSECOND = 1000, MILLISECOND = 1000000, SECOND = 1000000000, MINUTE = 60000000000, HOUR = 3600000000000,
    RFC3339 = "2006-01-02T15:04:05Z07:00", RFC3339NANO = "2006-01-02T15:04:05.999999999Z07:00",
    RFC822 = "02 Jan 06 15:04 MST", RFC822Z = "02 Jan 06 15:04 -0700", RFC850 = "Monday, 02-Jan-06 15:04:05 MST",
    RFC1123 = "Mon, 02 Jan 2006 15:04:05 MST", RFC1123Z = "Mon, 02 Jan 2006 15:04:05 -0700", KITCHEN = "3:04PM",
    STAMP = "Jan _2 15:04:05", STAMP_MILLI = "Jan _2 15:04:05.000", STAMP_MICRO = "Jan _2 15:04:05.000000",
    STAMP_NANO = "Jan _2 15:04:05.000000000", DATE_TIME = "2006-01-02 15:04:05", DATE_ONLY = "2006-01-02", TIME_ONLY = "15:04:05",
  }
  for number, name in next, kit.month_names do time[upper(name)] = number end
  for number, name in next, kit.day_names do time[upper(name)] = number - 1 end

  local durations, moments = {}, {} -- bodies of methods: their `self` is the nanoseconds
  local Duration, Time = kit.class("Duration", {}), kit.class("Time", {})

  local function duration(ns) return kit.object(Duration, ns) end
  local function moment(ns) return kit.object(Time, ns) end
  kit.moment = moment

  local function ns_of_time(value, name) return kit.data(Time, value, name) end

  -- What is beyond 64 bits of nanoseconds is the nearest that is not.
  local function whole(ns)
    if ns ~= ns then return nil end
    return tointeger(ns) or tointeger(floor(ns)) or (ns > 0 and maxinteger or mininteger)
  end

  local function parse(value)
    local kind = type(value)
    if kind == "number" then return whole(value) end
    if kind == "table" and kit.class_of(value) == Duration then return kit.data(Duration, value) end
    if kind ~= "string" or value == "" then return nil end
    if #value > 100 then return nil end
    local sign, body = match(value, "^%s*([-+]?)(.-)%s*$")
    if body == "0" then return 0 end
    if body == "" then return nil end
    local total, rest = 0, body
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
  kit.duration_ns = parse

  local function refused(value)
    return kit.invalid("invalid duration: got " .. kit.tostring(value) .. ", expected a number of nanoseconds, text such as '10s', or a Duration")
  end

  function time.parse_duration(value)
    local ns = parse(value)
    if not ns then return nil, refused(value) end
    return duration(ns)
  end

  function durations.nanoseconds(self) return self end
  function durations.microseconds(self) return self // 1000 end
  function durations.milliseconds(self) return self // 1000000 end
  function durations.seconds(self) return self / 1e9 end
  function durations.minutes(self) return self / 6e10 end
  function durations.hours(self) return self / 3.6e12 end
  Duration.__eq = function(a, b) return rawget(a, kit.DATA) == rawget(b, kit.DATA) and kit.class_of(a) == kit.class_of(b) end
  Duration.__lt = function(a, b) return kit.data(Duration, a, "<") < kit.data(Duration, b, "<") end
  Duration.__le = function(a, b) return kit.data(Duration, a, "<=") <= kit.data(Duration, b, "<=") end
  Duration.__tostring = function(self)
    local ns = rawget(self, kit.DATA)
    local sign = ns < 0 and "-" or ""
    if ns < 0 then ns = -ns end
    if ns == 0 then return "0s" end
    local function short(unit, name) return sign .. gsub(gsub(format("%.9f", ns / unit), "0+$", ""), "%.$", "") .. name end
    if ns < 1000 then return sign .. ns .. "ns" end
    if ns < 1000000 then return short(1000, "µs") end
    if ns < 1000000000 then return short(1000000, "ms") end
    local hours, minutes = ns // 3600000000000, ns % 3600000000000 // 60000000000
    local seconds = gsub(gsub(format("%.9f", (ns % 60000000000) / 1e9), "0+$", ""), "%.$", "")
    local head = hours > 0 and (hours .. "h" .. minutes .. "m") or minutes > 0 and (minutes .. "m") or ""
    return sign .. head .. seconds .. "s"
  end

  local function is_short_text(value) return type(value) == "string" and #value <= 200 end

  local function text_argument(value, name)
    if not is_short_text(value) then kit.error(name .. ": expected a layout, got " .. kit.type(value)) end
    return value
  end

  local function integer(value, name)
    local number = value == nil and 0 or type(value) == "number" and whole(value)
    if not number then kit.error(name .. ": expected a number, got " .. kit.type(value)) end
    return number
  end

  function moments.unix(self) return self // 1000000000 end
  function moments.unix_nano(self) return self end
  function moments.format(self, layout) return formatted(self, text_argument(layout, "format")) end
  function moments.format_rfc3339(self) return formatted(self, time.RFC3339) end
  function moments.add(self, value)
    local ns = parse(value)
    if not ns then return nil, refused(value) end
    return moment(self + ns)
  end
  function moments.sub(self, other) return duration(self - ns_of_time(other, "sub")) end
  function moments.before(self, other) return self < ns_of_time(other, "before") end
  function moments.after(self, other) return self > ns_of_time(other, "after") end
  function moments.equal(self, other) return self == ns_of_time(other, "equal") end
  function moments.is_zero(self) return self == 0 end
  function moments.utc(self) return moment(self) end
  function moments.date(self) local y, m, d = parts(self) return y, m, d end
  function moments.clock(self) local _, _, _, h, n, s = parts(self) return h, n, s end
  for index, name in next, {"year", "month", "day", "hour", "minute", "second", "nanosecond", "weekday", "year_day"} do
    moments[name] = function(self)
      local all = {parts(self)}
      return all[index]
    end
  end
  Time.__eq = Duration.__eq
  Time.__lt = function(a, b) return ns_of_time(a, "<") < ns_of_time(b, "<") end
  Time.__le = function(a, b) return ns_of_time(a, "<=") <= ns_of_time(b, "<=") end
  Time.__tostring = function(self) return formatted(rawget(self, kit.DATA), time.RFC3339NANO) end

  kit.methods(Duration, durations)
  kit.methods(Time, moments)

  -- os.time of a table, in UTC.
  function kit.seconds_of(t)
    local function field(name, default)
      local value = t[name] == nil and default or t[name]
      if value == nil then kit.error("field '" .. name .. "' missing in date table") end
      return integer(value, "os.time: field '" .. name .. "'")
    end
    return kit.seconds_at(field("year"), field("month"), field("day"), field("hour", 12), field("min", 0), field("sec", 0))
  end

  function time.now() return moment(core.now()) end
  function time.unix(seconds, ns) return moment(integer(seconds, "time.unix") * 1000000000 + integer(ns, "time.unix")) end
  function time.date(year, month, day, hour, minute, second, ns)
    local values = {year or 1, month or 1, day or 1, hour or 0, minute or 0, second or 0}
    for i = 1, 6 do values[i] = integer(values[i], "time.date") end
    return moment(kit.seconds_at(unpack(values)) * 1000000000 + integer(ns, "time.date"))
  end
  function time.parse(layout, text)
    if not is_short_text(layout) or not is_short_text(text) then
      return nil, kit.invalid("time.parse: expected a layout and a text, got " .. kit.type(layout) .. " and " .. kit.type(text))
    end
    local ns, problem = kit.parse_time(layout, text)
    if not ns then return nil, kit.invalid("time.parse: " .. problem) end
    return moment(ns)
  end

  local function positive(value)
    local ns = parse(value)
    if not ns then return nil, refused(value) end
    if ns <= 0 then return nil, kit.invalid("a timer's duration must be greater than 0, got " .. kit.tostring(value)) end
    return ns
  end
  kit.positive_ns = positive

  function time.sleep(value)
    local ns = parse(value)
    if not ns then return nil, refused(value) end
    if ns <= 0 then return end
    local ok, problem = sys(17, ns)
    if not ok then kit.error(problem) end
  end

  function time.after(value)
    local ns, err = positive(value)
    if not ns then return nil, err end
    local _, channel = sys(18, ns)
    return kit.as_times(channel)
  end

  function time.timer(value)
    local ns, err = positive(value)
    if not ns then return nil, err end
    local _, timer = sys(19, ns)
    return kit.as_timer(timer)
  end

  function time.ticker(value)
    local ns, err = positive(value)
    if not ns then return nil, err end
    local _, timer = sys(20, ns)
    return kit.as_timer(timer)
  end

  return time
end
