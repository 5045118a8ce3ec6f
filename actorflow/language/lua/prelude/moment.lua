-- Moments: Time objects. Called with (kit); gives kit.moment(ns), kit.time_at(seconds, ns, location), kit.Time.
--
-- The data of a Time: seconds since 1970, `ns` within the second, and a location. The zero time is 0001-01-01 UTC, as
-- in Go.

local type, next = type, next
local maxinteger, mininteger = math.maxinteger, math.mininteger

local SECOND <const> = 1000000000
local ZERO <const> = -62135596800 -- seconds of the zero time
local TEXT <const>, RFC3339 <const> = "2006-01-02 15:04:05.999999999 -0700 MST", "2006-01-02T15:04:05Z07:00"
local MAX_LAYOUT <const> = 200
local PARTS <const> = {year = 1, month = 2, day = 3, hour = 4, minute = 5, second = 6, weekday = 7, year_day = 8}

return function(kit)
  local Time = kit.class("Time", {})
  kit.Time = Time

  -- Takes any nanoseconds, and carries those beyond a second.
  local function time_at(seconds, ns, location)
    return kit.object(Time, {seconds = seconds + ns // SECOND, ns = ns % SECOND, location = location})
  end
  kit.time_at = time_at
  function kit.moment(ns) return time_at(0, ns, kit.local_zone) end

  local function held_by(value, name) return kit.data(Time, value, name) end

  local function order(a, b)
    local seconds = a.seconds - b.seconds
    return seconds ~= 0 and seconds or a.ns - b.ns
  end

  local function written(held, layout) return kit.format_time(held.seconds, held.ns, held.location, layout) end

  local function parts(held)
    return kit.parts_of(held.seconds + kit.offset_at(held.location, held.seconds))
  end

  local methods = {}
  for name, place in next, PARTS do
    methods[name] = function(held)
      local all = {parts(held)}
      return all[place]
    end
  end
  function methods.nanosecond(held) return held.ns end
  function methods.unix(held) return held.seconds end
  function methods.unix_nano(held) return held.seconds * SECOND + held.ns end
  function methods.unix_milli(held) return held.seconds * 1000 + held.ns // 1000000 end
  function methods.date(held)
    local year, month, day = parts(held)
    return year, month, day
  end
  function methods.clock(held)
    local _, _, _, hour, minute, second = parts(held)
    return hour, minute, second
  end
  function methods.is_zero(held) return held.seconds == ZERO and held.ns == 0 end

  function methods.format(held, layout)
    if type(layout) ~= "string" or #layout > MAX_LAYOUT then
      kit.error("format: expected a layout, got " .. kit.type(layout))
    end
    return written(held, layout)
  end
  function methods.format_rfc3339(held) return written(held, RFC3339) end

  -- ---- arithmetic ---------------------------------------------------------------------------------------------------

  function methods.add(held, value)
    local ns = kit.duration_ns(value)
    if not ns then return nil, kit.refused_duration(value) end
    return time_at(held.seconds + ns // SECOND, held.ns + ns % SECOND, held.location)
  end

  -- What is beyond 64 bits of nanoseconds is the longest duration that is not.
  function methods.sub(held, other)
    local that = held_by(other, "sub")
    local seconds = held.seconds - that.seconds
    if seconds > 9223372035 then return kit.duration(maxinteger) end
    if seconds < -9223372035 then return kit.duration(mininteger) end
    return kit.duration(seconds * SECOND + held.ns - that.ns)
  end

  local function count(value, name)
    local number = value == nil and 0 or type(value) == "number" and kit.whole(value)
    if not number then kit.error("add_date: expected a number of " .. name .. ", got " .. kit.type(value)) end
    return number
  end

  function methods.add_date(held, years, months, days)
    local year, month, day, hour, minute, second = parts(held)
    year, month, day = year + count(years, "years"), month + count(months, "months"), day + count(days, "days")
    local wall = kit.seconds_at(year, month, day, hour, minute, second)
    return time_at(kit.in_zone(held.location, wall), held.ns, held.location)
  end

  function methods.before(held, other) return order(held, held_by(other, "before")) < 0 end
  function methods.after(held, other) return order(held, held_by(other, "after")) > 0 end
  function methods.equal(held, other) return order(held, held_by(other, "equal")) == 0 end

  -- a * b % m without what does not fit into 64 bits, for 0 <= a, b < m < 2^62.
  local function product_rest(a, b, m)
    local rest = 0
    while b > 0 do
      if b & 1 == 1 then rest = (rest + a) % m end
      a, b = (a + a) % m, b >> 1
    end
    return rest
  end

  -- How far a time is beyond a multiple of `ns` since the zero time.
  local function rest_of(held, ns)
    local seconds = held.seconds - ZERO
    if ns >= 1 << 62 then ns = (1 << 62) - 1 end
    return (product_rest(seconds % ns, SECOND % ns, ns) + held.ns % ns) % ns
  end

  local function duration_of(value, name) return kit.data(kit.Duration, value, name) end

  function methods.truncate(held, value)
    local ns = duration_of(value, "truncate")
    local rest = ns > 0 and rest_of(held, ns) or 0
    return time_at(held.seconds, held.ns - rest, held.location)
  end

  function methods.round(held, value) -- half way: up
    local ns = duration_of(value, "round")
    local rest = ns > 0 and rest_of(held, ns) or 0
    return time_at(held.seconds, held.ns + (rest + rest < ns and -rest or ns > 0 and ns - rest or 0), held.location)
  end

  -- ---- locations ----------------------------------------------------------------------------------------------------

  function methods.utc(held) return time_at(held.seconds, held.ns, kit.utc) end
  function methods.in_local(held) return time_at(held.seconds, held.ns, kit.local_zone) end
  function methods.location(held) return held.location end
  function methods.in_location(held, location)
    kit.data(kit.Location, location, "in_location")
    return time_at(held.seconds, held.ns, location)
  end

  kit.methods(Time, methods)
  Time.__eq = function(a, b)
    return kit.class_of(a) == kit.class_of(b) and order(held_by(a, "=="), held_by(b, "==")) == 0
  end
  Time.__lt = function(a, b) return order(held_by(a, "<"), held_by(b, "<")) < 0 end
  Time.__le = function(a, b) return order(held_by(a, "<="), held_by(b, "<=")) <= 0 end
  Time.__tostring = function(self) return written(held_by(self, "tostring"), TEXT) end
end
