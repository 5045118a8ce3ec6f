local assert = require("assert")
local base64 = require("base64")

local function main()
    for _, bad in ipairs({ 5, true, {} }) do
        local made, err = base64.encode(bad)
        assert.is_nil(made)
        assert.is_error(err, errors.INVALID)
        made, err = base64.decode(bad)
        assert.is_nil(made)
        assert.is_error(err, errors.INVALID)
    end
    for _, bad in ipairs({ "%%%", "YQ", "a", "!!!!" }) do
        local made, err = base64.decode(bad)
        assert.is_nil(made)
        assert.is_error(err, errors.INVALID)
        assert.is_false(err:retryable())
    end
    return true
end

return { main = main }
