local assert = require("assert")
local system = require("system")

local function main()
    local ok, err = system.gc.collect()
    assert.no_error(err)
    assert.is_true(ok)
    assert.is_number(system.gc.get_percent())
    local value, refused = system.gc.set_percent(50)
    assert.is_nil(value)
    assert.is_error(refused, errors.INVALID)
    return true
end

return { main = main }
