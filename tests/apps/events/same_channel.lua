local assert = require("assert")
local events = require("events")

local function main()
    local sub = events.subscribe("same")
    assert.is_userdata(sub)
    assert.is_userdata(sub:channel())
    assert.ok(sub:channel() == sub:channel(), "one channel")

    local other = events.subscribe("same")
    assert.neq(other:channel(), sub:channel())
    return true
end

return { main = main }
