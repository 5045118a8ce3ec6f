local assert = require("assert")
local queue = require("queue")
local time = require("time")

local function main()
    local report = process.listen("report")
    queue.publish("app.queue:careless", { to = process.pid(), name = "lost", first = "raise" })
    assert.eq(report:receive().attempt, 1)
    local result = channel.select({ report:case_receive(), time.after("50ms"):case_receive() })
    assert.neq(result.channel, report, "it does not come back")

    queue.publish("app.queue:careless", { to = process.pid(), name = "late", first = "ack" })
    local seen = report:receive()
    assert.is_nil(seen.ok)
    assert.is_error(seen.err, errors.INVALID)
    assert.error_contains(seen.err, "already settled")
    return true
end

return { main = main }
