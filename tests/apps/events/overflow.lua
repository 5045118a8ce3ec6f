local assert = require("assert")
local events = require("events")

local function main()
    local sub = events.subscribe("flood")
    local count = 300
    for i = 1, count do
        local ok, err = events.send("flood", "n", "/", i)
        assert.no_error(err)
        assert.is_true(ok)
    end
    for i = 1, count do
        local event, open = sub:channel():receive()
        assert.is_true(open)
        assert.eq(event.data, i, "in order")
    end
    return true
end

return { main = main }
