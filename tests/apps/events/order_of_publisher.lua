local assert = require("assert")
local events = require("events")

local function main()
    local sub = events.subscribe("race.*", "tick")
    for _, name in ipairs({ "race.a", "race.b" }) do
        local pid, err = process.spawn("app.events:sender", "app.lib:processes", name, 100)
        assert.no_error(err)
        assert.ok(pid)
    end
    local last = { ["race.a"] = 0, ["race.b"] = 0 }
    for _ = 1, 200 do
        local event = sub:channel():receive()
        assert.eq(event.data, last[event.system] + 1, event.system)
        last[event.system] = event.data
    end
    return true
end

return { main = main }
