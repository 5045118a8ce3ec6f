local assert = require("assert")
local time = require("time")

local function main()
    assert.near(os.time(), time.now():unix(), 20)
    local t = os.time({ year = 2024, month = 5, day = 6, hour = 7, min = 8, sec = 9 })
    local parts = os.date("*t", t)
    assert.eq(parts.year, 2024)
    assert.eq(parts.month, 5)
    assert.eq(parts.day, 6)
    assert.eq(parts.hour, 7)
    assert.eq(parts.min, 8)
    assert.eq(parts.sec, 9)
    assert.eq(os.difftime(os.time({ year = 2024, month = 1, day = 2 }), os.time({ year = 2024, month = 1, day = 1 })), 86400)
    return true
end

return { main = main }
