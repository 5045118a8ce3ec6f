local assert = require("assert")
local queue = require("queue")
local time = require("time")

local function main()
    local begun = process.listen("begun")
    for i = 1, 3 do
        queue.publish("app.queue:pair", { to = process.pid(), n = i })
    end
    local first, second = begun:receive(), begun:receive()
    assert.eq(first.n + second.n, 3, "two handlers overlap")
    local result = channel.select({ begun:case_receive(), time.after("30ms"):case_receive() })
    assert.neq(result.channel, begun, "the third one waits")
    assert.eq(queue.info("app.queue:pair").in_flight, 2)

    process.send(first.from, "go")
    local third = begun:receive()
    assert.eq(third.n, 3)
    process.send(second.from, "go")
    process.send(third.from, "go")
    return true
end

return { main = main }
