local assert = require("assert")
local services = require("services")

local function main()
    local causes = { raises = "boom", asks_again = "again", is_terminated = "terminated", loses_its_link = "link" }
    local entries = {}
    for way in pairs(causes) do
        entries[#entries + 1] = services.service(way, {
            process = "app.supervision:ends",
            input = { way, "1ms" },
            lifecycle = { restart = { initial_delay = "1ms", max_attempts = 2 } },
        })
    end
    local watch, left = services.create(entries), #entries
    while left > 0 do
        local data = services.next(watch, causes)
        assert.not_nil(data, "each is started twice and then given up")
        assert.neq(data.state, "exited")
        if data.state == "failed" then
            assert.error_contains(data.error, causes[data.name])
            assert.eq(data.attempts, data.run)
            if data.run == 2 then left = left - 1 end
        end
    end
    services.remove(watch)
    return true
end

return { main = main }
