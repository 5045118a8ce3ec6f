local assert = require("assert")
local events = require("events")

local function main()
    local sub = events.subscribe("shop", "order.*")
    events.send("shop", "basket.filled", "/b", 1)
    events.send("shop", "order.paid", "/o", 2)
    events.send("shop", "order", "/o", 3)
    events.send("shop", "order.line.added", "/o", 4)
    events.send("shop", "order.sent", "/o", 5)

    assert.eq(sub:channel():receive().data, 2)
    assert.eq(sub:channel():receive().data, 5)
    local rest = channel.select({ sub:channel():case_receive(), default = true })
    assert.is_true(rest.default, "nothing else fits")
    return true
end

return { main = main }
