-- The `time` module: what makes durations, moments and locations; sleeping and timers.
-- Called with (kit, sys, core) -> module; gives kit.positive_ns and seconds_of.

local type, next, unpack = type, next, table.unpack
local tointeger, upper = math.tointeger, string.upper

local MAX_TEXT <const> = 200
local MAX_OFFSET <const> = 86400 * 2 -- seconds of a zone

return function(kit, sys, core)
  local time = {
    NANOSECOND = 1, MICROSECOND = 1000, MILLISECOND = 1000000, SECOND = 1000000000, MINUTE = 60000000000,
    HOUR = 3600000000000,
    RFC3339 = "2006-01-02T15:04:05Z07:00", RFC3339NANO = "2006-01-02T15:04:05.999999999Z07:00",
    RFC822 = "02 Jan 06 15:04 MST", RFC822Z = "02 Jan 06 15:04 -0700", RFC850 = "Monday, 02-Jan-06 15:04:05 MST",
    RFC1123 = "Mon, 02 Jan 2006 15:04:05 MST", RFC1123Z = "Mon, 02 Jan 2006 15:04:05 -0700", KITCHEN = "3:04PM",
    STAMP = "Jan _2 15:04:05", STAMP_MILLI = "Jan _2 15:04:05.000", STAMP_MICRO = "Jan _2 15:04:05.000000",
    STAMP_NANO = "Jan _2 15:04:05.000000000", DATE_TIME = "2006-01-02 15:04:05", DATE_ONLY = "2006-01-02",
    TIME_ONLY = "15:04:05",
    ANSIC = "Mon Jan _2 15:04:05 2006", UNIX_DATE = "Mon Jan _2 15:04:05 MST 2006",
    utc = kit.utc, localtz = kit.local_zone,
  }
  for number, name in next, kit.month_names do time[upper(name)] = number end
  for number, name in next, kit.day_names do time[upper(name)] = number - 1 end

  local function integer(value, name)
    local number = value == nil and 0 or type(value) == "number" and kit.whole(value)
    if not number then kit.error(name .. ": expected a number, got " .. kit.type(value)) end
    return number
  end

  local function is_short_text(value) return type(value) == "string" and #value <= MAX_TEXT end

  local function location_or(value, default, name)
    if value == nil then return default end
    kit.data(kit.Location, value, name)
    return value
  end

  -- os.time of a table, in UTC.
  function kit.seconds_of(t)
    local function field(name, default)
      local value = t[name] == nil and default or t[name]
      if value == nil then kit.error("field '" .. name .. "' missing in date table") end
      return integer(value, "os.time: field '" .. name .. "'")
    end
    return kit.seconds_at(field("year"), field("month"), field("day"), field("hour", 12), field("min", 0),
      field("sec", 0))
  end

  -- ---- moments and durations ----------------------------------------------------------------------------------------

  function time.parse_duration(value)
    local ns = kit.duration_ns(value)
    if not ns then return nil, kit.refused_duration(value) end
    return kit.duration(ns)
  end

  function time.now() return kit.moment(core.now()) end
  function time.unix(seconds, ns)
    return kit.time_at(integer(seconds, "time.unix"), integer(ns, "time.unix"), kit.local_zone)
  end

  function time.date(year, month, day, hour, minute, second, ns, location)
    local where = location_or(location, kit.local_zone, "time.date")
    local values = {year or 1, month or 1, day or 1, hour or 0, minute or 0, second or 0}
    for i = 1, 6 do values[i] = integer(values[i], "time.date") end
    return kit.time_at(kit.in_zone(where, kit.seconds_at(unpack(values))), integer(ns, "time.date"), where)
  end

  function time.parse(layout, text, location)
    if not is_short_text(layout) or not is_short_text(text) then
      return nil, kit.invalid("time.parse: expected a layout and a text, got "
        .. kit.type(layout) .. " and " .. kit.type(text))
    end
    local seconds, ns, where = kit.parse_time(layout, text, location_or(location, nil, "time.parse"))
    if not seconds then return nil, kit.invalid("time.parse: " .. ns) end
    return kit.time_at(seconds, ns, where)
  end

  -- ---- locations ----------------------------------------------------------------------------------------------------

  function time.load_location(name)
    if not is_short_text(name) or name == "" then
      return nil, kit.invalid("time.load_location: expected the name of a zone such as 'Europe/Berlin', got "
        .. kit.tostring(name))
    end
    if name == "UTC" then return kit.utc end
    if name == "Local" then return kit.local_zone end
    return kit.zone(name)
  end

  function time.fixed_zone(name, offset)
    if not is_short_text(name) then
      return nil, kit.invalid("time.fixed_zone: expected a name, got " .. kit.type(name))
    end
    local seconds = type(offset) == "number" and tointeger(offset)
    if not seconds or seconds < -MAX_OFFSET or seconds > MAX_OFFSET then
      return nil, kit.invalid("time.fixed_zone: expected the seconds east of UTC, got " .. kit.tostring(offset))
    end
    return kit.fixed_zone(name, seconds)
  end

  -- ---- waiting ------------------------------------------------------------------------------------------------------

  local function positive(value)
    local ns = kit.duration_ns(value)
    if not ns then return nil, kit.refused_duration(value) end
    if ns <= 0 then
      return nil, kit.invalid("a timer's duration must be greater than 0, got " .. kit.tostring(value))
    end
    return ns
  end
  kit.positive_ns = positive

  function time.sleep(value)
    local ns = kit.duration_ns(value)
    if not ns then return nil, kit.refused_duration(value) end
    if ns <= 0 then return end
    local ok, problem = sys(17, ns)
    if not ok then kit.error(problem) end
  end

  local function started(op, made)
    return function(value)
      local ns, err = positive(value)
      if not ns then return nil, err end
      local ok, thing = sys(op, ns)
      if not ok then return nil, thing end
      return made(thing)
    end
  end
  time.after = started(18, kit.as_times)
  time.timer = started(19, kit.as_timer)
  time.ticker = started(20, kit.as_timer)

  return time
end
