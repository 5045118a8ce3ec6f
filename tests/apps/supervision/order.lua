local assert = require("assert")
local services = require("services")

-- `upper` runs on a host of its own, and its process names `lower`: both start before it, and stop after it.
local function entries()
    return {
        services.service("upper", { process = "app.supervision:bound", host = "app.supervision:own_host" }),
        {
            id = "app.supervision:bound",
            kind = "process.lua",
            meta = { depends_on = { "app.supervision:lower" } },
            data = { source = "return function() process.events():receive() end" },
        },
        { id = "app.supervision:own_host", kind = "process.host", data = {} },
        services.service("lower", { lifecycle = { auto_start = false } }),
    }
end

local function main()
    local watch = services.create(entries())
    local place, names = {}, { upper = true, lower = true, own_host = true }
    for step = 1, 6 do
        local data = services.next(watch, names)
        assert.not_nil(data, "each starts and runs")
        place[data.name .. " " .. data.state] = step
    end
    assert.lt(place["lower running"], place["upper starting"])
    assert.lt(place["own_host running"], place["upper starting"])
    assert.lt(place["lower starting"], place["own_host running"], "those two start at the same time")
    assert.lt(place["own_host starting"], place["lower running"], "those two start at the same time")

    local registry = require("registry")
    assert(registry.apply_version(watch.before))
    for step = 11, 16 do
        local data = services.next(watch, names)
        assert.not_nil(data, "each stops")
        place[data.name .. " " .. data.state] = step
    end
    assert.lt(place["upper stopped"], place["lower stopping"])
    assert.lt(place["upper stopped"], place["own_host stopping"])
    watch.sub:close()
    return true
end

return { main = main }
