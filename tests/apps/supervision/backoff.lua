local assert = require("assert")
local services = require("services")
local time = require("time")

local function main()
    local watch = services.create({
        services.service("backing_off", {
            process = "app.supervision:ends",
            input = { "raises" },
            lifecycle = {
                startup = "optional", -- so that its creation does not wait for the last start
                restart = { initial_delay = "30ms", backoff_factor = 3, max_delay = "100ms", jitter = 0.1, max_attempts = 5 },
            },
        }),
    })
    for run, delay in ipairs({ 30, 90, 100, 100 }) do
        services.until_state(watch, "backing_off", "failed", run)
        local failed = time.now()
        services.until_state(watch, "backing_off", "starting", run + 1)
        local waited = time.now():sub(failed):milliseconds()
        assert.gte(waited, delay * 0.9 - 15, "wait " .. run) -- the event may be read a little late
        assert.lt(waited, 600, "without the cap the last wait is 810 ms")
    end
    services.remove(watch)
    return true
end

return { main = main }
