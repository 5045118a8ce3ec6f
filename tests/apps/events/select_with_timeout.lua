local assert = require("assert")
local events = require("events")
local time = require("time")

local function main()
    local sub = events.subscribe("slow")
    local result = channel.select({ sub:channel():case_receive(), time.after("10ms"):case_receive() })
    assert.neq(result.channel, sub:channel(), "nothing was sent")

    events.send("slow", "k", "/", "now")
    result = channel.select({ sub:channel():case_receive(), time.after("30s"):case_receive() })
    assert.ok(result.channel == sub:channel())
    assert.eq(result.value.data, "now")
    return true
end

return { main = main }
