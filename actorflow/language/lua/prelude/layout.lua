-- Moments as text, after Go's layouts: `2006-01-02 15:04:05` shows how the reference time is to be written.
-- Called with (kit); gives kit.format_time(seconds, ns, location, layout) and
-- kit.parse_time(layout, text, location) -> seconds, ns, location; or nil and what does not fit.

local type, tonumber, tointeger, next = type, tonumber, math.tointeger, next
local format, match, sub, gsub, lower, find, rep = string.format, string.match, string.sub, string.gsub, string.lower,
  string.find, string.rep
local concat = table.concat

local LONGEST <const> = 9 -- bytes of an item

return function(kit)
  local days, months = kit.day_names, kit.month_names

  -- ---- the items of a layout ----------------------------------------------------------------------------------------

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
    ["002"] = {"year_day", "%03d", "^%d%d%d"}, ["__2"] = {"year_day", "%3d", "^ ? ?%d%d?%d?"},
    ["15"] = {"hour", "%02d", "^%d%d"}, ["03"] = {"half_day", "%02d", "^%d%d"}, ["3"] = {"half_day", "%d", "^%d%d?"},
    ["04"] = {"minute", "%02d", "^%d%d"}, ["4"] = {"minute", "%d", "^%d%d?"},
    ["05"] = {"second", "%02d", "^%d%d"}, ["5"] = {"second", "%d", "^%d%d?"},
    PM = {"noon", {"AM", "PM"}, {am = 1, pm = 2}, 2}, pm = {"noon", {"am", "pm"}, {am = 1, pm = 2}, 2},
    MST = {"zone"},
  }
  for item, digits in next, {["-07"] = "^[-+]%d%d", ["-0700"] = "^[-+]%d%d%d%d", ["-07:00"] = "^[-+]%d%d:%d%d",
    ["-070000"] = "^[-+]%d%d%d%d%d%d", ["-07:00:00"] = "^[-+]%d%d:%d%d:%d%d"} do
    items[item] = {"offset", item, digits}
    items["Z" .. sub(item, 2)] = {"offset", item, digits, "Z"}
  end
  local RANGES <const> = {
    month = {1, 12}, day = {1, 31}, year_day = {1, 366}, hour = {0, 23}, half_day = {1, 12}, minute = {0, 59},
    second = {0, 59},
  }

  -- The item that begins a layout at `at`, and its length; a run of 0 or 9 after a point is a fraction.
  local function item_at(layout, at)
    local fraction = match(layout, "^[.,]0+%f[%D]", at) or match(layout, "^[.,]9+%f[%D]", at)
    if fraction then return nil, #fraction, fraction end
    if find(layout, "^_2006", at) or find(layout, "^Jan%l", at) and not find(layout, "^January", at)
      or find(layout, "^Mon%l", at) and not find(layout, "^Monday", at) then return nil, 1 end
    for length = LONGEST, 1, -1 do
      local item = items[sub(layout, at, at + length - 1)]
      if item and at + length - 1 <= #layout then return item, length end
    end
    return nil, 1
  end

  -- ---- writing ------------------------------------------------------------------------------------------------------

  local function fraction_text(fraction, ns)
    local digits = sub(format("%09d", ns), 1, #fraction - 1) .. rep("0", #fraction - 10)
    if sub(fraction, 2, 2) == "9" then digits = gsub(digits, "0+$", "") end
    return digits == "" and "" or sub(fraction, 1, 1) .. digits
  end

  local function offset_text(shape, offset)
    local sign, size = offset < 0 and "-" or "+", offset < 0 and -offset or offset
    local colon = find(shape, ":", 1, true) and ":" or ""
    local text = format("%s%02d", sign, size // 3600)
    if #shape > 3 then text = text .. colon .. format("%02d", size % 3600 // 60) end
    if #shape > 6 then text = text .. colon .. format("%02d", size % 60) end
    return text
  end

  local function item_text(item, fields)
    local field, how = item[1], item[2]
    local value = fields[field]
    if field == "offset" then return item[4] and value == 0 and "Z" or offset_text(how, value) end
    if field == "zone" then
      if value ~= "" then return value end
      return offset_text(fields.offset % 3600 == 0 and "-07" or "-0700", fields.offset)
    end
    if type(how) == "table" then return item[4] and sub(how[value], 1, item[4]) or how[value] end
    return format(how, how == "%02d" and field == "year" and value % 100 or value)
  end

  local function fields_of(seconds, location)
    local fields = {}
    fields.offset, fields.zone = kit.offset_at(location, seconds)
    fields.year, fields.month, fields.day, fields.hour, fields.minute, fields.second, fields.weekday, fields.year_day =
      kit.parts_of(seconds + fields.offset)
    fields.weekday = fields.weekday + 1
    fields.half_day, fields.noon = (fields.hour + 11) % 12 + 1, fields.hour < 12 and 1 or 2
    return fields
  end

  function kit.format_time(seconds, ns, location, layout)
    local fields, out, n, at = fields_of(seconds, location), {}, 0, 1
    while at <= #layout do
      local item, length, fraction = item_at(layout, at)
      n = n + 1
      out[n] = fraction and fraction_text(fraction, ns) or item and item_text(item, fields) or sub(layout, at, at)
      at = at + length
    end
    return concat(out)
  end

  -- ---- reading ------------------------------------------------------------------------------------------------------

  local function offset_in(item, text)
    if item[4] and sub(text, 1, 1) == "Z" then return 0, 1 end
    local found = match(text, item[3])
    if not found then return nil end
    local sign, hours, minutes, seconds = match(found, "^([-+])(%d%d):?(%d*):?(%d*)$")
    if #minutes == 4 then minutes, seconds = sub(minutes, 1, 2), sub(minutes, 3) end
    local size = hours * 3600 + (tonumber(minutes) or 0) * 60 + (tonumber(seconds) or 0)
    return tointeger(sign == "-" and -size or size), #found
  end

  local function zone_in(text)
    local name = match(text, "^%u%u%u%u?%u?") or match(text, "^[-+]%d%d%d?%d?")
    return name, name and #name
  end

  local function value_of(item, text)
    if item[1] == "offset" then return offset_in(item, text) end
    if item[1] == "zone" then return zone_in(text) end
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
        -- Go reads a fraction that the layout has not
        if item[1] == "second" and not find(layout, "^[.,][09]", at + length) then
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

  -- The instant of what clocks show, and its location: what the text names, else `location`, else UTC.
  local function located(fields, wall, location)
    local offset, name = fields.offset, fields.zone
    if offset then
      local there, shown = 0, "UTC"
      if location then there, shown = kit.offset_at(location, wall - offset) end
      if location and there == offset and (not name or name == shown) then return wall - offset, location end
      if offset == 0 and (not name or name == "UTC") then return wall, kit.utc end
      return wall - offset, kit.fixed_zone(name or "", offset)
    end
    if not name or name == "UTC" then
      local where = not name and location or kit.utc
      return kit.in_zone(where, wall), where
    end
    if location then
      local instant = kit.in_zone(location, wall)
      local _, shown = kit.offset_at(location, instant)
      if shown == name then return instant, location end
    end
    return wall, kit.fixed_zone(name, 0) -- as Go: a name that means nothing here counts as UTC
  end

  function kit.parse_time(layout, text, location)
    local fields, place = fields_in(layout, text)
    if not fields then
      return nil, "'" .. kit.clean(sub(text, place)) .. "' does not fit the layout '" .. kit.clean(layout) .. "'"
    end
    local year, month, day = fields.year or 0, fields.month or 1, fields.day or 1
    if day > kit.month_length(year, month) then return nil, "the day is out of range" end
    local hour = fields.hour or fields.half_day or 0
    if fields.half_day and fields.noon then hour = fields.half_day % 12 + (fields.noon == 2 and 12 or 0) end
    local wall = kit.seconds_at(year, month, day, hour, fields.minute or 0, fields.second or 0)
    if fields.year_day and not fields.month then wall = wall + (fields.year_day - 1) * 86400 end
    local ns = tointeger(tonumber(sub((fields.fraction or "") .. "000000000", 1, 9)))
    local seconds, where = located(fields, wall, location)
    return seconds, ns, where
  end
end
