local assert = require("assert")
local time = require("time")

local M = {}

local function ns(value)
    local d, err = time.parse_duration(value)
    assert.no_error(err)
    return d:nanoseconds()
end

-- [8.1] A number is nanoseconds
function M.numbers()
    assert.eq(ns(1500), 1500)
    assert.eq(ns(5 * time.SECOND), 5000000000)
    assert.eq(ns(1.5 * time.MILLISECOND), 1500000)
    assert.eq(ns(0), 0)
    assert.eq(ns(-1), -1)
end

-- [8.1] Go duration texts
function M.texts()
    assert.eq(ns("1h30m"), 5400 * time.SECOND)
    assert.eq(ns("1.5s"), 1500 * time.MILLISECOND)
    assert.eq(ns("-2ms"), -2 * time.MILLISECOND)
    assert.eq(ns("100us"), 100 * time.MICROSECOND)
    assert.eq(ns("100µs"), 100 * time.MICROSECOND)
    assert.eq(ns("7ns"), 7)
    assert.eq(ns("2h45m30.5s"), 9930500 * time.MILLISECOND)
    assert.eq(ns("0"), 0)
    assert.eq(ns("+3s"), 3 * time.SECOND)
    assert.eq(ns(".5s"), 500 * time.MILLISECOND)
end

-- [8.1] A Duration is taken as it is
function M.objects()
    local d = time.parse_duration("3s")
    assert.eq(ns(d), 3 * time.SECOND)
    assert.eq(time.unix(0, 0):add(d):unix(), 3)
end

-- [8.1, 8.4] What is no duration is INVALID and not retryable
function M.bad_durations()
    for _, bad in ipairs({ "10", "", "abc", "5 parsecs", "1h30", "s", "--1s", "1..5s", true, {} }) do
        local d, err = time.parse_duration(bad)
        assert.is_nil(d, tostring(bad))
        assert.is_error(err, errors.INVALID, tostring(bad))
        assert.is_false(err:retryable())
    end
    local d, err = time.parse_duration(nil)
    assert.is_nil(d)
    assert.is_error(err, errors.INVALID)
end

-- [8.6] Whole nanoseconds, microseconds, milliseconds; fractional seconds, minutes, hours
function M.parts()
    local d = time.parse_duration("1h30m0.0025s")
    assert.eq(d:nanoseconds(), 5400002500000)
    assert.eq(d:microseconds(), 5400002500)
    assert.eq(d:milliseconds(), 5400002)
    assert.near(d:seconds(), 5400.0025, 1e-9)
    assert.near(d:minutes(), 90.00004166, 1e-6)
    assert.near(d:hours(), 1.5, 1e-5)
    local back = time.parse_duration("-1.5ms")
    assert.eq(back:milliseconds(), -1)
    assert.eq(back:microseconds(), -1500)
end

-- [8.6] A duration as text, in comparisons, and its type
function M.values()
    local function text(value) return tostring(time.parse_duration(value)) end
    assert.eq(text("90m"), "1h30m0s")
    assert.eq(text("1500ms"), "1.5s")
    assert.eq(text("2ms"), "2ms")
    assert.eq(text("1500us"), "1.5ms")
    assert.eq(text(250), "250ns")
    assert.eq(text("0"), "0s")
    assert.eq(text("-3s"), "-3s")
    local a, b = time.parse_duration("1s"), time.parse_duration("1000ms")
    assert.eq(a, b)
    assert.ok(time.parse_duration("1s") < time.parse_duration("2s"))
    assert.ok(a <= b)
    assert.is_userdata(a)
    assert.eq(type(a.seconds), "function")
end

-- [8.2] Units
function M.units()
    assert.eq(time.NANOSECOND, 1)
    assert.eq(time.MICROSECOND, 1000)
    assert.eq(time.MILLISECOND, 1000000)
    assert.eq(time.SECOND, 1000000000)
    assert.eq(time.MINUTE, 60 * time.SECOND)
    assert.eq(time.HOUR, 60 * time.MINUTE)
end

-- [8.2] Months and weekdays
function M.names()
    assert.eq(time.JANUARY, 1)
    assert.eq(time.JUNE, 6)
    assert.eq(time.DECEMBER, 12)
    assert.eq(time.SUNDAY, 0)
    assert.eq(time.WEDNESDAY, 3)
    assert.eq(time.SATURDAY, 6)
end

-- [8.2] Layouts and locations
function M.layouts()
    assert.eq(time.RFC3339, "2006-01-02T15:04:05Z07:00")
    assert.eq(time.DATE_ONLY, "2006-01-02")
    assert.eq(time.KITCHEN, "3:04PM")
    for _, name in ipairs({ "RFC3339NANO", "RFC822", "RFC822Z", "RFC850", "RFC1123", "RFC1123Z", "STAMP", "STAMP_MILLI", "STAMP_MICRO", "STAMP_NANO", "DATE_TIME", "TIME_ONLY" }) do
        assert.is_string(time[name], name)
    end
    assert.is_userdata(time.utc)
    assert.is_userdata(time.localtz)
    assert.eq(time.utc:string(), "UTC")
    assert.eq(time.localtz:string(), "Local")
end

return M
