local assert = require("assert")
local env = require("env")

local function main()
    local value, err = env.get("")
    assert.is_nil(value)
    assert.is_error(err, errors.INVALID)
    assert.is_false(err:retryable())

    for _, name in ipairs({"NOBODY_DECLARES_THIS", "UNSET_VAR", "app.env:unset_var", "only_id", "HOME"}) do
        value, err = env.get(name)
        assert.is_nil(value, name)
        assert.is_error(err, errors.NOT_FOUND)
        assert.error_contains(err, name)
    end

    for _, bad in ipairs({1, true, {}, {a = 1}}) do
        value, err = env.get(bad)
        assert.is_nil(value)
        assert.is_error(err, errors.INVALID)
    end

    _, err = env.get("FIXD_VAR")
    assert.error_contains(err, "FIXED_VAR")
    return true
end

return { main = main }
