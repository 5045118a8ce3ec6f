local assert = require("assert")
local events = require("events")

local function main()
    local inbox = process.inbox()
    local sub = events.subscribe("quiet")
    for i = 1, 100 do
        events.send("quiet", "k", "/", i)
    end
    process.send(process.pid(), "hello", "me")

    local msg = inbox:receive()
    assert.eq(msg:topic(), "hello")
    local rest = channel.select({ inbox:case_receive(), default = true })
    assert.is_true(rest.default)
    sub:close()
    rest = channel.select({ inbox:case_receive(), default = true })
    assert.is_true(rest.default, "nor when the subscription is closed")
    return true
end

return { main = main }
