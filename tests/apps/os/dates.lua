local assert = require("assert")

local function main()
    assert.eq(os.date("!%Y-%m-%d %H:%M:%S", 0), "1970-01-01 00:00:00")
    assert.eq(os.date("!%d/%m/%y", 86400), "02/01/70")
    assert.matches(os.date("%Y"), "^%d%d%d%d$")
    assert.is_string(os.date())
    local t = os.date("!*t", 1700000000)
    assert.eq(t.year, 2023)
    assert.eq(t.yday, 318)
    assert.eq(t.wday, 3)
    assert.is_false(t.isdst)
    return true
end

return { main = main }
