local assert = require("assert")
local events = require("events")

local function main()
    local sub = events.subscribe("closing")
    local ch = sub:channel()
    assert.is_true(sub:close())
    local value, open = ch:receive()
    assert.is_nil(value)
    assert.is_false(open)

    assert.is_true(events.send("closing", "k", "/", 1))
    value, open = ch:receive()
    assert.is_nil(value)
    assert.is_false(open)
    assert.is_true(sub:close(), "again is fine")
    return true
end

return { main = main }
