local assert = require("assert")
local events = require("events")

local function main()
    local one = events.subscribe("twice")
    local two = events.subscribe("(twice|other)")
    events.send("twice", "k", "/", { n = 1 })

    local first = one:channel():receive()
    first.data.n = 2
    local second = two:channel():receive()
    assert.eq(second.data.n, 1, "a copy of its own")
    one:close()
    events.send("twice", "k", "/", { n = 3 })
    assert.eq(two:channel():receive().data.n, 3, "closing one leaves the other")
    return true
end

return { main = main }
