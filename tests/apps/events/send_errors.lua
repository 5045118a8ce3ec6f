local assert = require("assert")
local events = require("events")

local function refused(...)
    local ok, err = events.send(...)
    assert.is_nil(ok)
    assert.is_error(err, errors.INVALID)
    assert.is_false(err:retryable())
end

local function main()
    refused("", "kind", "/path")
    refused("system", "", "/path")
    refused("system", "kind", "")
    refused(nil, "kind", "/path")
    refused("system", 7, "/path")
    refused("system", "kind")
    refused("system", "kind", "/path", { fn = function() end })
    return true
end

return { main = main }
