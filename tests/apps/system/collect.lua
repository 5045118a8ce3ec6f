local assert = require("assert")
local system = require("system")

local function main()
    local ok, err = system.gc.collect()
    assert.no_error(err)
    assert.is_true(ok)
    local before = system.gc.get_percent()
    assert.is_number(before)
    assert.eq(system.gc.set_percent(200), before, "what it was")
    assert.eq(system.gc.get_percent(), 200)
    assert.eq(system.gc.set_percent(-1), 200)
    assert.eq(system.gc.get_percent(), -1, "never")
    assert.eq(system.gc.set_percent(before), -1)
    for _, wrong in ipairs({ 0, -2, 1.5, "50", 1000000 }) do
        local value, refused = system.gc.set_percent(wrong)
        assert.is_nil(value)
        assert.is_error(refused, errors.INVALID)
    end
    assert.eq(system.gc.get_percent(), before)
    return true
end

return { main = main }
