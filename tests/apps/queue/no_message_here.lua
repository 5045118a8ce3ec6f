local assert = require("assert")
local queue = require("queue")

local function main()
    local msg, err = queue.message()
    assert.is_nil(msg)
    assert.is_error(err, errors.INVALID)
    assert.is_false(err:retryable())
    return true
end

return { main = main }
