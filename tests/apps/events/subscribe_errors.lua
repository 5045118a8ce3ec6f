local assert = require("assert")
local events = require("events")

local function refused(...)
    local sub, err = events.subscribe(...)
    assert.is_nil(sub)
    assert.is_error(err, errors.INVALID)
    assert.is_false(err:retryable())
end

local function main()
    refused("")
    refused(nil)
    refused(7)
    refused("a", "")
    refused("(a|b")
    refused("a)", "k")
    refused("a|b")
    refused("or*er")
    return true
end

return { main = main }
