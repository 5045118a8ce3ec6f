-- Moments as text, after Go's layouts: `2006-01-02 15:04:05` shows how the reference time is to be written.
-- Called with (kit); gives kit.parts_of(ns), kit.seconds_at(year, month, …), kit.format_time(ns, layout) and
-- kit.parse_time(layout, text) -> ns, or nil and what does not fit. All moments are in UTC.

local type, tonumber, tointeger, next = type, tonumber, math.tointeger, next
local format, match, sub, gsub, lower, find, rep = string.format, string.match, string.sub, string.gsub, string.lower, string.find, string.rep
local concat = table.concat

local SECOND <const> = 1000000000
local MAX_SECONDS <const> = 9223372036 -- of 64 bits of nanoseconds

return function(kit)
  local days = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"}
  local months = {
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
  }
  kit.day_names, kit.month_names = days, months

  -- ---- the calendar --------------------------------------------------------------------------------------------------

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

  -- year, month, day, hour, minute, second, nanosecond, weekday (0 is Sunday), day of the year
  local function parts_of(ns)
    local seconds = ns // SECOND
    local count, rest = seconds // 86400, seconds % 86400
    local year, month, day = civil(count)
    return year, month, day, rest // 3600, rest % 3600 // 60, rest % 60, ns % SECOND, (count + 4) % 7, count - days_of(year, 1, 1) + 1
  end
  kit.parts_of = parts_of

  -- ---- the items of a layout -----------------------------------------------------------------------------------------

  local function named(names, length)
    local numbers = {}
    for number, name in next, names do numbers[lower(length and sub(name, 1, length) or name)] = number end
    return numbers
  end

  -- item -> {field, how it is written, how it is read: a pattern, or the names and their numbers}
  local items = {
    ["2006"] = {"year", "%04d", "^%d%d%d%d"}, ["06"] = {"year", "%02d", "^%d%d"},
    January = {"month", months, named(months)}, Jan = {"month", months, named(months, 3), 3},
    ["01"] = {"month", "%02d", "^%d%d"}, ["1"] = {"month", "%d", "^%d%d?"},
    Monday = {"weekday", days, named(days)}, Mon = {"weekday", days, named(days, 3), 3},
    ["02"] = {"day", "%02d", "^%d%d"}, ["_2"] = {"day", "%2d", "^ ?%d%d?"}, ["2"] = {"day", "%d", "^%d%d?"},
    ["002"] = {"year_day", "%03d", "^%d%d%d"},
    ["15"] = {"hour", "%02d", "^%d%d"}, ["03"] = {"half_day", "%02d", "^%d%d"}, ["3"] = {"half_day", "%d", "^%d%d?"},
    ["04"] = {"minute", "%02d", "^%d%d"}, ["4"] = {"minute", "%d", "^%d%d?"},
    ["05"] = {"second", "%02d", "^%d%d"}, ["5"] = {"second", "%d", "^%d%d?"},
    PM = {"noon", {"AM", "PM"}, {am = 1, pm = 2}, 2}, pm = {"noon", {"am", "pm"}, {am = 1, pm = 2}, 2},
    MST = {"zone", "UTC", "^%u%u%u%u?"},
    ["Z07:00"] = {"zone", "Z", "^[-+]%d%d:%d%d"}, Z0700 = {"zone", "Z", "^[-+]%d%d%d%d"}, Z07 = {"zone", "Z", "^[-+]%d%d"},
    ["-07:00"] = {"zone", "+00:00", "^[-+]%d%d:%d%d"}, ["-0700"] = {"zone", "+0000", "^[-+]%d%d%d%d"},
    ["-07"] = {"zone", "+00", "^[-+]%d%d"},
  }
  local RANGES <const> = {
    month = {1, 12}, day = {1, 31}, year_day = {1, 366}, hour = {0, 23}, half_day = {1, 12}, minute = {0, 59}, second = {0, 59},
  }

  -- The item that begins a layout at `at`, and its length; a run of 0 or 9 after a point is a fraction.
  local function item_at(layout, at)
    local fraction = match(layout, "^[.,]0+%f[%D]", at) or match(layout, "^[.,]9+%f[%D]", at)
    if fraction then return nil, #fraction, fraction end
    for length = 7, 1, -1 do
      local item = items[sub(layout, at, at + length - 1)]
      if item and at + length - 1 <= #layout then return item, length end
    end
    return nil, 1
  end

  -- ---- writing -------------------------------------------------------------------------------------------------------

  local function fraction_text(fraction, ns)
    local digits = sub(format("%09d", ns), 1, #fraction - 1) .. rep("0", #fraction - 10)
    if sub(fraction, 2, 2) == "9" then digits = gsub(digits, "0+$", "") end
    return digits == "" and "" or sub(fraction, 1, 1) .. digits
  end

  local function item_text(item, fields)
    local how, value = item[2], fields[item[1]]
    if type(how) == "table" then return item[4] and sub(how[value], 1, item[4]) or how[value] end
    if item[1] == "zone" then return how end
    return format(how, how == "%02d" and item[1] == "year" and value % 100 or value)
  end

  function kit.format_time(ns, layout)
    local fields = {}
    fields.year, fields.month, fields.day, fields.hour, fields.minute, fields.second, fields.ns, fields.weekday, fields.year_day =
      parts_of(ns)
    fields.weekday = fields.weekday + 1
    fields.half_day, fields.noon = (fields.hour + 11) % 12 + 1, fields.hour < 12 and 1 or 2
    local out, n, at = {}, 0, 1
    while at <= #layout do
      local item, length, fraction = item_at(layout, at)
      n = n + 1
      out[n] = fraction and fraction_text(fraction, fields.ns) or item and item_text(item, fields) or sub(layout, at, at)
      at = at + length
    end
    return concat(out)
  end

  -- ---- reading -------------------------------------------------------------------------------------------------------

  local function zone_of(item, text)
    if sub(text, 1, 1) == "Z" and sub(item[2], 1, 1) == "Z" then return 0, 1 end
    local found = match(text, item[3])
    if not found then return nil end
    local sign, hours, minutes = match(found, "^([-+])(%d%d):?(%d*)$")
    if not sign then return (found == "UTC" or found == "GMT") and 0 or nil, #found end
    return (sign == "-" and -1 or 1) * (hours * 3600 + (tonumber(minutes) or 0) * 60), #found
  end

  local function value_of(item, text)
    if item[1] == "zone" then return zone_of(item, text) end
    local how = item[3]
    if type(how) == "table" then
      local word = lower(match(text, item[4] and "^" .. rep("%a", item[4]) or "^%a+") or "")
      return how[word], #word
    end
    local found = match(text, how)
    local value = found and tointeger(tonumber(found))
    local range = RANGES[item[1]]
    if not value or range and (value < range[1] or value > range[2]) then return nil end
    if item[1] == "year" and #found == 2 then value = value + (value >= 69 and 1900 or 2000) end
    return value, #found
  end

  local function fields_in(layout, text)
    local fields, at, place = {}, 1, 1
    while at <= #layout do
      local item, length, fraction = item_at(layout, at)
      if fraction then
        local digits = match(text, "^[.,](%d+)", place)
        if not digits and sub(fraction, 2, 2) == "0" then return nil, place end
        fields.fraction, place = digits or "", place + (digits and #digits + 1 or 0)
      elseif item then
        local value, used = value_of(item, sub(text, place))
        if not value then return nil, place end
        fields[item[1]], place = value, place + used
        if item[1] == "second" and not find(layout, "^[.,][09]", at + length) then -- Go reads a fraction that the layout has not
          local digits = match(text, "^[.,](%d+)", place)
          if digits then fields.fraction, place = digits, place + #digits + 1 end
        end
      else
        if sub(text, place, place) ~= sub(layout, at, at) then return nil, place end
        place = place + 1
      end
      at = at + length
    end
    if place <= #text then return nil, place end
    return fields
  end

  local function month_length(year, month)
    return days_of(month == 12 and year + 1 or year, month % 12 + 1, 1) - days_of(year, month, 1)
  end

  function kit.parse_time(layout, text)
    local fields, place = fields_in(layout, text)
    if not fields then return nil, "'" .. kit.clean(sub(text, place)) .. "' does not fit the layout '" .. kit.clean(layout) .. "'" end
    local year, month, day = fields.year or 0, fields.month or 1, fields.day or 1
    if day > month_length(year, month) then return nil, "the day is out of range" end
    local hour = fields.hour or fields.half_day or 0
    if fields.half_day and fields.noon then hour = fields.half_day % 12 + (fields.noon == 2 and 12 or 0) end
    local seconds = kit.seconds_at(year, month, day, hour, fields.minute or 0, fields.second or 0) - (fields.zone or 0)
    if fields.year_day and not fields.month then seconds = seconds + (fields.year_day - 1) * 86400 end
    if seconds > MAX_SECONDS or seconds < -MAX_SECONDS then return nil, "the year is out of range" end
    return seconds * SECOND + tointeger(tonumber(sub((fields.fraction or "") .. "000000000", 1, 9)))
  end
end
