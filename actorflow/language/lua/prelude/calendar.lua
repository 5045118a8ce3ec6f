-- The calendar and the zones. Called with (kit); gives kit.day_names, month_names, parts_of(seconds), seconds_at(year,
-- month, …), Location, utc, local_zone, fixed_zone(name, offset), zone(name), offset_at(location, seconds),
-- in_zone(location, wall seconds).
--
-- A location is an object whose data is {name, offset, abbreviation}; without an offset it is one of the IANA database,
-- whose rules are asked for by instant. "Local" is UTC: where a machine stands is no business of a script.

return function(kit)
  local days = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"}
  local months = {
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
  }
  kit.day_names, kit.month_names = days, months

  -- Days since 1970-01-01 to a civil date and back (Howard Hinnant, chrono-compatible low-level date algorithms).
  local function civil(count)
    count = count + 719468
    local era = count // 146097
    local doe = count - era * 146097
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

  function kit.seconds_at(year, month, day, hour, minute, second)
    year = year + (month - 1) // 12
    return days_of(year, (month - 1) % 12 + 1, day) * 86400 + hour * 3600 + minute * 60 + second
  end

  function kit.month_length(year, month)
    return days_of(month == 12 and year + 1 or year, month % 12 + 1, 1) - days_of(year, month, 1)
  end

  -- year, month, day, hour, minute, second, weekday (0 is Sunday), day of the year
  function kit.parts_of(seconds)
    local count, rest = seconds // 86400, seconds % 86400
    local year, month, day = civil(count)
    local year_day = count - days_of(year, 1, 1) + 1
    return year, month, day, rest // 3600, rest % 3600 // 60, rest % 60, (count + 4) % 7, year_day
  end

  -- ---- zones --------------------------------------------------------------------------------------------------------

  local DATA = kit.DATA
  local Location = kit.class("Location", {})
  kit.Location = Location
  kit.methods(Location, {string = function(held) return held.name end})
  Location.__tostring = function(self) return self[DATA].name end
  Location.__eq = function(a, b)
    if kit.class_of(a) ~= kit.class_of(b) then return false end
    local x, y = a[DATA], b[DATA]
    return x.name == y.name and x.offset == y.offset
  end

  local function fixed_zone(name, offset)
    return kit.object(Location, {name = name, offset = offset, abbreviation = name})
  end
  kit.fixed_zone = fixed_zone
  kit.utc = fixed_zone("UTC", 0)
  kit.local_zone = kit.object(Location, {name = "Local", offset = 0, abbreviation = "UTC"})

  -- A location of the IANA database, or nil and the error.
  function kit.zone(name)
    local known, problem = kit.pure("zone.offset", name, 0)
    if not known then return nil, problem end
    return kit.object(Location, {name = name})
  end

  -- Seconds east of UTC at an instant, and the abbreviation of the zone then.
  local function offset_at(location, seconds)
    local held = location[DATA]
    if held.offset then return held.offset, held.abbreviation end
    local found, problem = kit.pure("zone.offset", held.name, seconds)
    if not found then kit.error(problem) end
    return found[1], found[2]
  end
  kit.offset_at = offset_at

  -- The instant at which clocks of a location show `wall`; as Go, by the offset that holds around it.
  function kit.in_zone(location, wall)
    local offset = offset_at(location, wall)
    if offset == 0 then return wall end
    local there = offset_at(location, wall - offset)
    return wall - there
  end
end
