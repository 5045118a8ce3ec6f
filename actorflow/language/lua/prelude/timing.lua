-- The `time` module: durations, moments, sleeping, timers.
-- Called with (kit, sys, core) -> module; gives kit.moment, duration_ns, positive_ns and seconds_of.

local type, tonumber, next, rawget, unpack = type, tonumber, next, rawget, table.unpack
local tointeger, floor, maxinteger, mininteger = math.tointeger, math.floor, math.maxinteger, math.mininteger
local format, match, sub, gsub, upper = string.format, string.match, string.sub, string.gsub, string.upper

local UNITS <const> = {
  ns = 1, us = 1000, ["µs"] = 1000, ["μs"] = 1000, ms = 1000000, s = 1000000000, sec = 1000000000, m = 60000000000,
  min = 60000000000, h = 3600000000000, hour = 3600000000000, d = 86400000000000, day = 86400000000000,
  w = 604800000000000,
}
local DAYS <const> = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"}
local MONTHS <const> = {
  "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
}

return function(kit, sys, core)
  local time = {NANOSECOND = 1, MICROSECOND = 1000, MILLISECOND = 1000000, SECOND = 1000000000, MINUTE = 60000000000,
    HOUR = 3600000000000, RFC3339 = "2006-01-02T15:04:05Z07:00", RFC3339NANO = "2006-01-02T15:04:05.999999999Z07:00",
    DATE_TIME = "2006-01-02 15:04:05", DATE_ONLY = "2006-01-02", TIME_ONLY = "15:04:05", KITCHEN = "3:04PM"}
  for number, name in next, MONTHS do time[upper(name)] = number end
  for number, name in next, DAYS do time[upper(name)] = number - 1 end

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
    local sign, body = match(value, "^([-+]?)(.*)$")
    if body == "0" then return 0 end
    if #body > 100 then return nil end
    local total, rest = 0, body
    while rest ~= "" do
      local amount, unit, tail = match(rest, "^(%d*%.?%d*)([a-zµμ\xc2\xce\xb5\xbc]+)(.*)$")
      amount = amount and tonumber(amount)
      local size = unit and (UNITS[unit] or UNITS[sub(unit, 1, #unit - 1)])
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

  -- Days since 1970-01-01 to a civil date and back (Howard Hinnant, chrono-compatible low-level date algorithms).
  local function civil(days)
    days = days + 719468
    local era = days // 146097
    local doe = days - era * 146097
    local yoe = (doe - doe // 1460 + doe // 36524 - doe // 146096) // 365
    local doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
    local mp = (5 * doy + 2) // 153
    local month = mp < 10 and mp + 3 or mp - 9
    return yoe + era * 400 + (month <= 2 and 1 or 0), month, doy - (153 * mp + 2) // 5 + 1
  end

  local function days_of(year, month, day)
    year = month <= 2 and year - 1 or year
    local era = year // 400
    local yoe = year - era * 400
    local doy = (153 * (month > 2 and month - 3 or month + 9) + 2) // 5 + day - 1
    return era * 146097 + yoe * 365 + yoe // 4 - yoe // 100 + doy - 719468
  end

  local function parts(ns)
    local seconds = ns // 1000000000
    local days, rest = seconds // 86400, seconds % 86400
    local year, month, day = civil(days)
    return year, month, day, rest // 3600, rest % 3600 // 60, rest % 60, ns % 1000000000, (days + 4) % 7
  end

  local LAYOUT <const> = {
    {"2006", function(y) return format("%04d", y) end}, {"January", function(_, m) return MONTHS[m] end},
    {"Jan", function(_, m) return sub(MONTHS[m], 1, 3) end},
    {"Monday", function(_, _, _, _, _, _, _, w) return DAYS[w + 1] end},
    {"Mon", function(_, _, _, _, _, _, _, w) return sub(DAYS[w + 1], 1, 3) end},
    {"01", function(_, m) return format("%02d", m) end}, {"02", function(_, _, d) return format("%02d", d) end},
    {"15", function(_, _, _, h) return format("%02d", h) end},
    {"03", function(_, _, _, h) return format("%02d", (h + 11) % 12 + 1) end},
    {"04", function(_, _, _, _, n) return format("%02d", n) end},
    {"05", function(_, _, _, _, _, s) return format("%02d", s) end},
    {".999999999", function(_, _, _, _, _, _, f) return f == 0 and "" or (gsub(format(".%09d", f), "0+$", "")) end},
    {".000000", function(_, _, _, _, _, _, f) return format(".%06d", f // 1000) end},
    {".000", function(_, _, _, _, _, _, f) return format(".%03d", f // 1000000) end},
    {"Z07:00", function() return "Z" end}, {"MST", function() return "UTC" end},
    {"PM", function(_, _, _, h) return h < 12 and "AM" or "PM" end},
    {"06", function(y) return format("%02d", y % 100) end}, {"3", function(_, _, _, h) return (h + 11) % 12 + 1 end},
    {"2", function(_, _, d) return d end},
  }

  local function formatted(ns, layout)
    local out, at = "", 1
    while at <= #layout do
      local found
      for _, item in next, LAYOUT do
        if sub(layout, at, at + #item[1] - 1) == item[1] then
          out = out .. item[2](parts(ns))
          at = at + #item[1]
          found = true
          break
        end
      end
      if not found then
        out = out .. sub(layout, at, at)
        at = at + 1
      end
    end
    return out
  end

  local function text_argument(value, name)
    if type(value) ~= "string" or #value > 200 then kit.error(name .. ": expected a layout, got " .. kit.type(value)) end
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
  for index, name in next, {"year", "month", "day", "hour", "minute", "second", "nanosecond", "weekday"} do
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

  local function seconds_of(year, month, day, hour, minute, second)
    year = year + (month - 1) // 12
    return days_of(year, (month - 1) % 12 + 1, day) * 86400 + hour * 3600 + minute * 60 + second
  end

  -- os.time of a table, in UTC.
  function kit.seconds_of(t)
    local function field(name, default)
      local value = t[name] == nil and default or t[name]
      if value == nil then kit.error("field '" .. name .. "' missing in date table") end
      return integer(value, "os.time: field '" .. name .. "'")
    end
    return seconds_of(field("year"), field("month"), field("day"), field("hour", 12), field("min", 0), field("sec", 0))
  end

  function time.now() return moment(core.now()) end
  function time.unix(seconds, ns) return moment(integer(seconds, "time.unix") * 1000000000 + integer(ns, "time.unix")) end
  function time.date(year, month, day, hour, minute, second, ns)
    local values = {year or 1, month or 1, day or 1, hour or 0, minute or 0, second or 0}
    for i = 1, 6 do values[i] = integer(values[i], "time.date") end
    return moment(seconds_of(unpack(values)) * 1000000000 + integer(ns, "time.date"))
  end
  function time.parse(layout, text)
    if layout ~= time.RFC3339 and layout ~= time.RFC3339NANO and layout ~= time.DATE_ONLY and layout ~= time.DATE_TIME then
      return nil, kit.invalid("time.parse: layout " .. kit.tostring(layout) .. " is not supported; use time.RFC3339, DATE_TIME or DATE_ONLY")
    end
    if type(text) ~= "string" or #text > 100 then
      return nil, kit.invalid("time.parse: expected text, got " .. kit.type(text))
    end
    local y, m, d, rest = match(text, "^(%d%d%d%d)-(%d%d)-(%d%d)(.*)$")
    if not y then return nil, kit.invalid("time.parse: " .. text .. " does not match " .. layout) end
    local h, n, s, tail = match(rest, "^[T ](%d%d):(%d%d):(%d%d)(.*)$")
    local fraction = tail and match(tail, "^%.(%d+)") or ""
    local sign, oh, om = match(tail or "", "([-+])(%d%d):(%d%d)$")
    local offset = sign and (oh * 3600 + om * 60) * (sign == "-" and -1 or 1) or 0
    local seconds = days_of(y + 0, m + 0, d + 0) * 86400 + (h or 0) * 3600 + (n or 0) * 60 + (s or 0) - offset
    return moment(floor(seconds) * 1000000000 + tointeger(tonumber(sub(fraction .. "000000000", 1, 9))))
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
