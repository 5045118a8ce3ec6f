local assert = require("assert")
local events = require("events")
local time = require("time")

-- The tree's own service is `failing`: it is started with the node and comes back every 50 ms.
local function main()
    local sub = events.subscribe("supervisor", "service.update")
    local seen = {}
    local deadline = time.after("30s")
    while not (seen.starting and seen.running and seen.failed) do
        local result = channel.select({ sub:channel():case_receive(), deadline:case_receive() })
        assert.ok(result.channel == sub:channel(), "the service changed its state")
        local event = result.value
        if event.path == "app.events:failing" then
            assert.eq(event.system, "supervisor")
            assert.eq(event.kind, "service.update")
            assert.eq(event.data.id, event.path)
            seen[event.data.state] = event.data
        end
    end
    assert.error_contains(seen.failed.error, "no luck")
    assert.gte(seen.failed.attempts, 1)
    return true
end

return { main = main }
