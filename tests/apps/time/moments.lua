local assert = require("assert")
local time = require("time")

local M = {}

local function sample()
    return time.date(2024, time.MARCH, 5, 14, 7, 9, 123456789, time.utc)
end

-- [8.4, 8.6] now is a Time, userdata with methods
function M.now()
    local t = time.now()
    assert.is_userdata(t)
    assert.eq(type(t.unix), "function")
    assert.gt(t:unix(), 1700000000)
    assert.eq(math.type(t:unix()), "integer")
    assert.eq(math.type(t:unix_nano()), "integer")
    assert.lte(os.time() - t:unix(), 20)
    assert.is_false(t:is_zero())
end

-- [8.4, 8.6] date makes a Time of its parts, and gives them back
function M.parts_of_time()
    local t = sample()
    assert.eq(t:year(), 2024)
    assert.eq(t:month(), 3)
    assert.eq(t:day(), 5)
    assert.eq(t:hour(), 14)
    assert.eq(t:minute(), 7)
    assert.eq(t:second(), 9)
    assert.eq(t:nanosecond(), 123456789)
    assert.eq(t:weekday(), time.TUESDAY)
    assert.eq(t:year_day(), 65)
    local y, m, d = t:date()
    assert.eq(y * 10000 + m * 100 + d, 20240305)
    local h, mi, s = t:clock()
    assert.eq(h * 10000 + mi * 100 + s, 140709)
end

-- [8.4] date takes what is beyond the month, day or hour as Go does
function M.date_normalizes()
    local function shown(...) return time.date(...):format("2006-01-02 15:04:05") end
    assert.eq(shown(2024, 13, 1, 0, 0, 0, 0, time.utc), "2025-01-01 00:00:00")
    assert.eq(shown(2024, 2, 30, 0, 0, 0, 0, time.utc), "2024-03-01 00:00:00")
    assert.eq(shown(2024, 1, 0, 0, 0, 0, 0, time.utc), "2023-12-31 00:00:00")
    assert.eq(shown(2024, 1, 1, 25, 61, 61, 0, time.utc), "2024-01-02 02:02:01")
    assert.eq(shown(2023, 2, 29, 0, 0, 0, 0, time.utc), "2023-03-01 00:00:00")
    assert.eq(time.date(2024, 1, 1, 0, 0, 0, 1500000000, time.utc):second(), 1)
end

-- [8.4] unix takes seconds and nanoseconds
function M.unix()
    local t = time.unix(1700000000, 500)
    assert.eq(t:unix(), 1700000000)
    assert.eq(t:nanosecond(), 500)
    assert.eq(t:unix_nano(), 1700000000000000500)
    assert.eq(time.unix(0, 0):utc():format(time.RFC3339), "1970-01-01T00:00:00Z")
    assert.eq(time.unix(-1, 0):utc():format(time.RFC3339), "1969-12-31T23:59:59Z")
    assert.eq(time.unix(1, 2500000000):unix(), 3)
end

-- [8.6] add and sub
function M.arithmetic()
    local t = sample()
    assert.eq(t:add("1h"):hour(), 15)
    assert.eq(t:add(time.SECOND):second(), 10)
    assert.eq(t:add("-10s"):format(time.TIME_ONLY), "14:06:59")
    assert.eq(t:add(time.parse_duration("24h")):day(), 6)
    assert.eq(t:add("1h"):sub(t):minutes(), 60)
    assert.eq(t:sub(t:add("1ms")):milliseconds(), -1)
    local bad, err = t:add("soon")
    assert.is_nil(bad)
    assert.is_error(err, errors.INVALID)
    assert.throws(function() t:sub("yesterday") end, "Time expected")
    assert.eq(t:hour(), 14, "a Time does not change")
end

-- [8.6] add_date goes by the calendar
function M.add_date()
    local function shown(t) return t:format(time.DATE_ONLY) end
    local t = time.date(2024, 1, 31, 12, 0, 0, 0, time.utc)
    assert.eq(shown(t:add_date(0, 0, 1)), "2024-02-01")
    assert.eq(shown(t:add_date(1, 0, 0)), "2025-01-31")
    assert.eq(shown(t:add_date(0, 1, 0)), "2024-03-02", "31 February is 2 March")
    assert.eq(shown(t:add_date(0, -1, -31)), "2023-11-30")
    assert.eq(t:add_date(0, 0, 1):hour(), 12)
end

-- [8.6] before, after, equal, and the operators
function M.comparisons()
    local a, b = time.unix(100, 0), time.unix(100, 1)
    assert.is_true(a:before(b))
    assert.is_false(b:before(a))
    assert.is_true(b:after(a))
    assert.is_true(a:equal(time.unix(100, 0)))
    assert.is_false(a:equal(b))
    assert.ok(a < b)
    assert.ok(a <= b)
    assert.eq(a, time.unix(100, 0))
    assert.is_false(a:before(a))
    assert.throws(function() a:before(5) end, "Time expected")
end

-- [8.6] The same instant in two locations is equal
function M.equal_instants()
    local t = sample()
    local there = t:in_location(time.fixed_zone("X", 3600))
    assert.is_true(t:equal(there))
    assert.neq(t:hour(), there:hour())
end

-- [8.6] The zero time
function M.zero()
    assert.is_true(time.date(1, 1, 1, 0, 0, 0, 0, time.utc):is_zero())
    assert.is_false(time.unix(0, 0):is_zero())
    assert.is_false(sample():is_zero())
end

-- [8.6] format with Go's layouts
function M.format()
    local t = sample()
    assert.eq(t:format("2006-01-02T15:04:05Z07:00"), "2024-03-05T14:07:09Z")
    assert.eq(t:format_rfc3339(), "2024-03-05T14:07:09Z")
    assert.eq(t:format(time.RFC3339NANO), "2024-03-05T14:07:09.123456789Z")
    assert.eq(t:format(time.KITCHEN), "2:07PM")
    assert.eq(t:format(time.RFC1123), "Tue, 05 Mar 2024 14:07:09 UTC")
    assert.eq(t:format(time.RFC1123Z), "Tue, 05 Mar 2024 14:07:09 +0000")
    assert.eq(t:format(time.RFC850), "Tuesday, 05-Mar-24 14:07:09 UTC")
    assert.eq(t:format(time.RFC822), "05 Mar 24 14:07 UTC")
    assert.eq(t:format(time.STAMP_MILLI), "Mar  5 14:07:09.123")
    assert.eq(t:format(time.DATE_TIME), "2024-03-05 14:07:09")
    assert.eq(t:format("January 2, 2006"), "March 5, 2024")
    assert.eq(t:format("02/01/06 03:04:05 pm"), "05/03/24 02:07:09 pm")
    assert.eq(t:format("20060102150405.000"), "20240305140709.123")
    assert.eq(t:format("Jan _2"), "Mar  5")
    assert.eq(t:format("day 002"), "day 065")
    assert.eq(t:format("plain text"), "plain text")
    assert.throws(function() t:format() end, "layout")
end

-- [8.6] Fractions: zeros keep their places, nines drop them
function M.fractions()
    local t = time.date(2024, 1, 1, 0, 0, 0, 120000000, time.utc)
    assert.eq(t:format("05.000"), "00.120")
    assert.eq(t:format("05.999"), "00.12")
    assert.eq(t:format("05.000000"), "00.120000")
    assert.eq(time.date(2024, 1, 1, 0, 0, 0, 0, time.utc):format("05.999"), "00")
end

-- [8.6] tostring is Go's
function M.text_of_time()
    assert.eq(tostring(sample()), "2024-03-05 14:07:09.123456789 +0000 UTC")
end

-- [8.6] truncate and round take a Duration
function M.round()
    local t = sample()
    local function d(text) return time.parse_duration(text) end
    assert.eq(t:truncate(d("1h")):format(time.TIME_ONLY), "14:00:00")
    assert.eq(t:truncate(d("1s")):nanosecond(), 0)
    assert.eq(t:truncate(d("24h")):format(time.DATE_TIME), "2024-03-05 00:00:00")
    assert.eq(t:round(d("1h")):format(time.TIME_ONLY), "14:00:00")
    assert.eq(t:round(d("1m")):format(time.TIME_ONLY), "14:07:00")
    assert.eq(t:add("30m"):round(d("1h")):format(time.TIME_ONLY), "15:00:00")
    assert.eq(t:truncate(d("1ms")):nanosecond(), 123000000)
    assert.eq(t:round(d("1us")):nanosecond(), 123457000)
    assert.is_true(t:round(d("0")):equal(t))
    assert.is_true(t:truncate(d("-1s")):equal(t))
    assert.throws(function() t:round("1h") end, "Duration expected")
end

return M
