local assert = require("assert")
local services = require("services")

local function ending(name, way)
    return services.service(name, {
        process = "app.supervision:ends",
        input = { way, "10ms" },
        lifecycle = { restart = { initial_delay = "1ms" } },
    })
end

local function main()
    local ways = { returns = "", refuses = "no", raises_for_good = "for good", is_cancelled = "" }
    local entries = {}
    for way in pairs(ways) do entries[#entries + 1] = ending(way, way) end
    local watch = services.create(entries)
    for _ = 1, 3 * #entries do
        local data = services.next(watch, ways)
        assert.not_nil(data, "each starts, runs and exits")
        assert.neq(data.state, "failed")
        if data.state == "exited" and data.name == "returns" then
            assert.is_nil(data.error)
        elseif data.state == "exited" then
            assert.error_contains(data.error, ways[data.name])
        end
    end
    assert.is_nil(services.next(watch, ways, "50ms"), "none of them comes back")
    services.remove(watch)
    return true
end

return { main = main }
