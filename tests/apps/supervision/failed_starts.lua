local assert = require("assert")
local services = require("services")

local function main()
    local watch = services.create({
        services.service("no_start", {
            process = "app.supervision:no_chunk",
            lifecycle = { restart = { initial_delay = "1ms", max_attempts = 2 } },
        }),
    })
    local last, seen = services.until_state(watch, "no_start", "failed", 2)
    assert.eq(last.attempts, 2)
    assert.error_contains(last.error, "never loads")
    for _, data in ipairs(seen) do assert.neq(data.state, "exited") end
    assert.is_nil(services.next(watch, { no_start = true }, "30ms"), "given up")
    services.remove(watch)
    return true
end

return { main = main }
