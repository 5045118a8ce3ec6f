local assert = require("assert")
local events = require("events")

local function main()
    local sub = events.subscribe("kept")
    events.send("kept", "k", "/", "first")
    events.send("kept", "k", "/", "second")
    sub:close()

    assert.eq(sub:channel():receive().data, "first")
    assert.eq(sub:channel():receive().data, "second")
    local value, open = sub:channel():receive()
    assert.is_nil(value)
    assert.is_false(open)
    return true
end

return { main = main }
