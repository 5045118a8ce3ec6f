local assert = require("assert")
local services = require("services")

local function main()
    local watch = services.create({ services.service("sleeper", { process = "app.supervision:ends", input = { "returns", "1h" } }) })
    local running, seen = services.until_state(watch, "sleeper", "running")
    assert.eq(#seen, 2)
    assert.eq(seen[1].state, "starting")
    assert.eq(running.run, 1)
    services.remove(watch)
    return true
end

return { main = main }
