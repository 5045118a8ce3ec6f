local assert = require("assert")
local registry = require("registry")
local time = require("time")

local function main()
    local before = registry.current_version()
    local changes = registry.snapshot():changes()
    changes:create({
        id = "app.registry:echo",
        kind = "process.lua",
        data = {
            source = [[
                return function(name)
                    process.registry.register(name)
                    local inbox = process.inbox()
                    while true do
                        local m = inbox:receive()
                        process.send(m:from(), "echo", m:payload():data())
                    end
                end]],
        },
    })
    changes:create({
        id = "app.registry:echo_service",
        kind = "process.service",
        data = { process = "echo", host = "app.lib:processes", input = { "live echo" }, lifecycle = { auto_start = true } },
    })
    assert.ok(changes:apply())
    local echo = process.listen("echo")
    local sent, err
    for _ = 1, 50 do
        sent, err = process.send("live echo", "say", "hi")
        if sent then break end
        time.sleep("5ms")
    end
    assert.no_error(err)
    assert.eq(echo:receive(), "hi")

    local gone = registry.snapshot():changes()
    gone:delete("app.registry:echo_service")
    assert.ok(gone:apply())
    for _ = 1, 100 do
        if not process.registry.lookup("live echo") then break end
        time.sleep("5ms")
    end
    assert.is_nil(process.registry.lookup("live echo"))
    registry.apply_version(before)
end

return { main = main }
