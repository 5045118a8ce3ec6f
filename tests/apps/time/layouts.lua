local assert = require("assert")
local time = require("time")

local AT = time.date(2023, 3, 5, 9, 7, 3, 45000000, time.utc)
local LAYOUTS = {
    ["2006-01-02"] = "2023-03-05",
    ["06/1/2"] = "23/3/5",
    ["Jan 2, 2006 at 3:04pm (MST)"] = "Mar 5, 2023 at 9:07am (UTC)",
    ["Monday, 02-Jan-06 15:04:05 MST"] = "Sunday, 05-Mar-23 09:07:03 UTC",
    ["15:04:05.000"] = "09:07:03.045",
    ["15:04:05.999"] = "09:07:03.045",
    ["05.000000"] = "03.045000",
    ["2006-01-02T15:04:05Z07:00"] = "2023-03-05T09:07:03Z",
    ["-0700 -07:00 Z0700"] = "+0000 +00:00 Z",
    ["Mon _2 Jan 002"] = "Sun  5 Mar 064",
    ["3:4:5 PM"] = "9:7:3 AM",
    ["January"] = "March",
    ["no verbs"] = "no verbs",
}
local CONSTANTS = {
    RFC822 = "05 Mar 23 09:07 UTC",
    RFC822Z = "05 Mar 23 09:07 +0000",
    RFC850 = "Sunday, 05-Mar-23 09:07:03 UTC",
    RFC1123 = "Sun, 05 Mar 2023 09:07:03 UTC",
    RFC1123Z = "Sun, 05 Mar 2023 09:07:03 +0000",
    KITCHEN = "9:07AM",
    STAMP = "Mar  5 09:07:03",
    STAMP_MILLI = "Mar  5 09:07:03.045",
    STAMP_MICRO = "Mar  5 09:07:03.045000",
    STAMP_NANO = "Mar  5 09:07:03.045000000",
    DATE_TIME = "2023-03-05 09:07:03",
    DATE_ONLY = "2023-03-05",
    TIME_ONLY = "09:07:03",
}
local DURATIONS = {
    ["1h"] = "1h0m0s",
    ["90s"] = "1m30s",
    ["1h15m30.918s"] = "1h15m30.918s",
    ["100ms"] = "100ms",
    ["1.5us"] = "1.5µs",
    ["-1m"] = "-1m0s",
    ["0"] = "0s",
    [".5s"] = "500ms",
    ["1m0.5s"] = "1m0.5s",
    ["2540400h"] = "2540400h0m0s",
}

local M = {}

-- [8.2] [8.6] each layout and constant
function M.formats()
    for layout, text in pairs(LAYOUTS) do assert.eq(AT:format(layout), text, layout) end
    for name, text in pairs(CONSTANTS) do assert.eq(AT:format(time[name]), text, name) end
end

-- [8.1] durations as text, and what is none
function M.durations()
    for given, text in pairs(DURATIONS) do assert.eq(tostring(time.parse_duration(given)), text, given) end
    for _, given in ipairs({ "", "1x", "h", "1.1.1s", "--1s", "10" }) do
        local none, err = time.parse_duration(given)
        assert.is_nil(none, given)
        assert.is_error(err, errors.INVALID, given)
        assert.is_false(err:retryable(), given)
    end
end

-- [8.4] what is no time
function M.no_times()
    local texts = { { "2006-01-02", "2024-02-30" }, { "2006-01-02", "2024-13-01" }, { "15:04", "25:00" } }
    table.insert(texts, { "2006-01-02", "2024-01-02x" })
    table.insert(texts, { "", "x" })
    table.insert(texts, { "2006-01-02", "" })
    for _, pair in ipairs(texts) do
        local none, err = time.parse(pair[1], pair[2])
        assert.is_nil(none, pair[2])
        assert.is_error(err, errors.INVALID, pair[2])
        assert.is_false(err:retryable(), pair[2])
    end
end

-- [8.6] fields beyond their range carry over, months as Go's AddDate does it
function M.carries()
    assert.eq(time.date(2024, 13, 1, 0, 0, 0, 0, time.utc):format(time.DATE_ONLY), "2025-01-01")
    assert.eq(time.date(2024, 2, 30, 25, 61, 0, 0, time.utc):format(time.DATE_TIME), "2024-03-02 02:01:00")
    assert.eq(time.date(2024, 1, 31, 0, 0, 0, 0, time.utc):add_date(0, 1, 0):format(time.DATE_ONLY), "2024-03-02")
    assert.eq(AT:add_date(0, -1, 0):format(time.DATE_ONLY), "2023-02-05")
    assert.eq(AT:sub(AT:add("1h")):hours(), -1)
    assert.eq(time.date(2024, 2, 29, 0, 0, 0, 0, time.utc):add_date(1, 0, 0):format(time.DATE_ONLY), "2025-03-01")
end

return M
