local assert = require("assert")
local ctx = require("ctx")

local function main()
    local value, err = ctx.get("")
    assert.is_nil(value)
    assert.is_error(err, errors.INVALID)
    assert.is_false(err:retryable())

    value, err = ctx.get("nobody_set_this")
    assert.is_nil(value)
    assert.is_error(err, errors.NOT_FOUND)
    assert.error_contains(err, "nobody_set_this")
    return true
end

return { main = main }
