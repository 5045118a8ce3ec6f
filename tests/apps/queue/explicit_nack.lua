local assert = require("assert")
local queue = require("queue")
local time = require("time")

local function main()
    local report = process.listen("report")
    queue.publish("app.queue:ordered", { to = process.pid(), name = "n", first = "nack" })
    assert.eq(report:receive().attempt, 1)
    assert.eq(report:receive().attempt, 2, "it came back")

    queue.publish("app.queue:ordered", { to = process.pid(), name = "a", first = "ack", and_fail = true })
    assert.eq(report:receive().attempt, 1)
    local result = channel.select({ report:case_receive(), time.after("50ms"):case_receive() })
    assert.neq(result.channel, report, "it was acknowledged before it failed")
    return true
end

return { main = main }
