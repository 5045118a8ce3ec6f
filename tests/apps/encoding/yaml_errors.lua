local assert = require("assert")
local yaml = require("yaml")

local function main()
    for _, bad in ipairs({ "a: [1", "a: b: c", "*nobody", "{" }) do
        local value, err = yaml.decode(bad)
        assert.is_nil(value)
        assert.is_error(err, errors.INTERNAL)
        assert.is_false(err:retryable())
    end
    for _, bad in ipairs({ 5, true, {}, "" }) do
        local value, err = yaml.decode(bad)
        assert.is_nil(value)
        assert.is_error(err, errors.INVALID)
    end
    for _, bad in ipairs({ "text", 5, { f = print } }) do
        local value, err = yaml.encode(bad)
        assert.is_nil(value)
        assert.is_error(err, errors.INVALID)
    end
    local value, err = yaml.decode(string.rep("[", 100000))
    assert.is_nil(value)
    assert.is_error(err)
    return true
end

return { main = main }
