local assert = require("assert")
local time = require("time")

local M = {}

-- [8.4] parse with a layout
function M.parse()
    local t, err = time.parse(time.RFC3339, "2024-03-05T14:07:09Z")
    assert.no_error(err)
    assert.eq(t:unix(), 1709647629)
    t = time.parse("2006-01-02", "2024-02-29")
    assert.eq(t:format(time.RFC3339), "2024-02-29T00:00:00Z")
    t = time.parse("Jan 2, 2006 at 3:04pm", "Feb 3, 2013 at 7:54pm")
    assert.eq(t:format(time.DATE_TIME), "2013-02-03 19:54:00")
    t = time.parse(time.RFC1123, "Tue, 05 Mar 2024 14:07:09 UTC")
    assert.eq(t:unix(), 1709647629)
    t = time.parse(time.KITCHEN, "12:30AM")
    assert.eq(t:hour(), 0)
    assert.eq(t:minute(), 30)
end

-- [8.4] A fraction is read even if the layout has none
function M.parse_fraction()
    assert.eq(time.parse(time.RFC3339, "2024-03-05T14:07:09.25Z"):nanosecond(), 250000000)
    assert.eq(time.parse("15:04:05.000", "01:02:03.456"):nanosecond(), 456000000)
end

-- [8.4] An offset in the text counts
function M.parse_offset()
    local t = time.parse(time.RFC3339, "2024-03-05T14:07:09+02:00")
    assert.eq(t:unix(), 1709647629 - 7200)
    assert.eq(t:hour(), 14)
    assert.eq(t:format(time.RFC3339), "2024-03-05T14:07:09+02:00")
    assert.eq(t:utc():hour(), 12)
    t = time.parse("2006-01-02 15:04 -0700", "2024-03-05 10:00 -0530")
    assert.eq(t:utc():format("15:04"), "15:30")
end

-- [8.4] Without a zone in the text, the third argument says where it is; UTC otherwise
function M.parse_in_location()
    local berlin = time.load_location("Europe/Berlin")
    local t = time.parse(time.DATE_TIME, "2024-07-01 12:00:00", berlin)
    assert.eq(t:utc():hour(), 10)
    assert.eq(t:location():string(), "Europe/Berlin")
    t = time.parse(time.DATE_TIME, "2024-01-01 12:00:00", berlin)
    assert.eq(t:utc():hour(), 11)
    assert.eq(time.parse(time.DATE_TIME, "2024-07-01 12:00:00"):location():string(), "UTC")
end

-- [8.4] What does not fit is INVALID and not retryable
function M.parse_errors()
    for _, case in ipairs({
        { time.RFC3339, "yesterday" },
        { time.DATE_ONLY, "2024-13-01" },
        { time.DATE_ONLY, "2024-02-30" },
        { time.DATE_ONLY, "2024-02-03 and more" },
        { time.DATE_ONLY, "" },
        { time.TIME_ONLY, "25:00:00" },
    }) do
        local t, err = time.parse(case[1], case[2])
        assert.is_nil(t, case[2])
        assert.is_error(err, errors.INVALID, case[2])
        assert.is_false(err:retryable())
    end
    local t, err = time.parse(5, {})
    assert.is_nil(t)
    assert.is_error(err, errors.INVALID)
end

-- [8.4, 8.6] load_location finds zones of the world
function M.load_location()
    local tokyo, err = time.load_location("Asia/Tokyo")
    assert.no_error(err)
    assert.is_userdata(tokyo)
    assert.eq(tokyo:string(), "Asia/Tokyo")
    local t = time.unix(1709647629, 0):in_location(tokyo)
    assert.eq(t:format(time.RFC3339), "2024-03-05T23:07:09+09:00")
    assert.eq(t:format("MST"), "JST")
    assert.eq(t:location():string(), "Asia/Tokyo")
    assert.eq(time.load_location("UTC"):string(), "UTC")
end

-- [8.4] An empty name is INVALID, an unknown one NOT_FOUND; neither is retryable
function M.location_errors()
    local location, err = time.load_location("")
    assert.is_nil(location)
    assert.is_error(err, errors.INVALID)
    assert.is_false(err:retryable())
    for _, name in ipairs({ "Mars/Olympus", "../../etc/passwd", string.rep("x", 150) }) do
        location, err = time.load_location(name)
        assert.is_nil(location)
        assert.is_error(err, errors.NOT_FOUND)
        assert.is_false(err:retryable())
    end
end

-- [8.4, 8.6] Summer time: the offset depends on the day
function M.summer_time()
    local ny = time.load_location("America/New_York")
    assert.eq(time.date(2024, 1, 15, 12, 0, 0, 0, ny):utc():hour(), 17)
    assert.eq(time.date(2024, 7, 15, 12, 0, 0, 0, ny):utc():hour(), 16)
    assert.eq(time.date(2024, 1, 15, 12, 0, 0, 0, ny):format("MST -0700"), "EST -0500")
    assert.eq(time.date(2024, 7, 15, 12, 0, 0, 0, ny):format("MST -0700"), "EDT -0400")
    local before = time.date(2024, 3, 9, 12, 0, 0, 0, ny)
    assert.eq(before:add_date(0, 0, 1):hour(), 12, "the calendar keeps the hour")
    assert.eq(before:add("24h"):hour(), 13, "a duration does not")
end

-- [8.4] fixed_zone
function M.fixed_zone()
    local zone, err = time.fixed_zone("HERE", 5 * 3600 + 1800)
    assert.no_error(err)
    assert.eq(zone:string(), "HERE")
    local t = time.date(2024, 1, 1, 0, 0, 0, 0, zone)
    assert.eq(t:format("2006-01-02T15:04:05-07:00 MST"), "2024-01-01T00:00:00+05:30 HERE")
    assert.eq(t:utc():format(time.DATE_TIME), "2023-12-31 18:30:00")
    zone, err = time.fixed_zone("X", "east")
    assert.is_nil(zone)
    assert.is_error(err, errors.INVALID)
end

-- [8.6] utc, in_local, in_location and location
function M.locations()
    local t = time.date(2024, 1, 1, 12, 0, 0, 0, time.fixed_zone("X", 3600))
    assert.eq(t:location():string(), "X")
    assert.eq(t:utc():location():string(), "UTC")
    assert.eq(t:utc():hour(), 11)
    assert.eq(t:in_local():location():string(), "Local")
    assert.eq(t:in_location(time.utc):hour(), 11)
    assert.eq(t:add("1h"):location():string(), "X")
    assert.throws(function() t:in_location("UTC") end, "Location expected")
end

-- [8.8] os has time, date, clock, difftime and platform
function M.os_module()
    assert.is_number(os.time())
    assert.eq(os.time({ year = 2024, month = 3, day = 5, hour = 14, min = 7, sec = 9 }), 1709647629)
    assert.eq(os.time({ year = 2024, month = 1, day = 1 }), os.time({ year = 2024, month = 1, day = 1, hour = 12 }))
    assert.eq(os.date("%Y-%m-%d", 1709647629), "2024-03-05")
    assert.eq(os.date("!%H:%M:%S", 1709647629), "14:07:09")
    local t = os.date("*t", 1709647629)
    assert.eq(t.year * 100 + t.month, 202403)
    assert.eq(t.yday, 65)
    assert.is_string(os.date())
    assert.is_number(os.clock())
    assert.eq(os.difftime(10, 4), 6)
    assert.eq(os.platform, "wippy")
    local names = {}
    for name in pairs(os) do names[#names + 1] = name end
    assert.eq(table.concat(names, " "), "clock date difftime platform time")
end

-- [8.8] os.time needs a year, a month and a day
function M.os_time_errors()
    assert.throws(function() os.time({ year = 2024 }) end, "missing")
    assert.throws(function() os.time("now") end, "table expected")
end

return M
