local assert = require("assert")
local services = require("services")
local time = require("time")

local function main()
    local began = time.now()
    local watch = services.create({
        services.service("backing_off", {
            process = "app.supervision:ends",
            input = { "raises" },
            lifecycle = {
                startup = "optional", -- so that its creation does not wait for the last start
                restart = { initial_delay = "30ms", backoff_factor = 1000, max_delay = "100ms", jitter = 0.1, max_attempts = 5 },
            },
        }),
    })
    local waits = 0
    for run, delay in ipairs({ 30, 100, 100, 100 }) do
        services.until_state(watch, "backing_off", "starting", run + 1)
        waits = waits + delay * 0.9
        assert.gte(time.now():sub(began):milliseconds(), waits, "wait " .. run)
    end
    assert.lt(time.now():sub(began):milliseconds(), 29000, "without the cap the second wait is 30 s")
    services.remove(watch)
    return true
end

return { main = main }
