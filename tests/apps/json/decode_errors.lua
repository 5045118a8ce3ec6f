local assert = require("assert")
local json = require("json")

local function main()
    for _, bad in ipairs({ 5, true, {}, "" }) do
        local value, err = json.decode(bad)
        assert.is_nil(value)
        assert.is_error(err, errors.INVALID)
    end
    local value, err = json.decode(nil)
    assert.is_nil(value)
    assert.is_error(err, errors.INVALID)
    for _, bad in ipairs({ "{", "[1,]", "{a:1}", "tru", "1 2", "'x'", '"open', "[1 2]", "01" }) do
        value, err = json.decode(bad)
        assert.is_nil(value, bad)
        assert.is_error(err, errors.INTERNAL)
        assert.is_false(err:retryable())
    end
    return true
end

return { main = main }
