local assert = require("assert")
local pg = require("pg")

local function main()
    local groups = pg.open("app.pg:scope")
    local inbox = process.inbox()
    groups:join("echo")
    groups:join("echo")
    groups:broadcast("echo", "ping", 1, "two")
    local msg = inbox:receive()
    assert.eq(msg:topic(), "ping")
    assert.eq(msg:from(), process.pid())
    assert.eq(msg:payload()[1]:data(), 1)
    assert.eq(msg:payload()[2]:data(), "two")
    local rest = channel.select({ inbox:case_receive(), default = true })
    assert.is_true(rest.default, "once, however often it has joined")

    groups:broadcast_local("echo", "ping")
    assert.is_nil(inbox:receive():payload(), "no payload is none")
    return true
end

return { main = main }
