local assert = require("assert")
local registry = require("registry")
local services = require("services")

local function main()
    local watch = services.create({
        services.service("slow", { process = "app.supervision:stubborn", lifecycle = { stop_timeout = "30ms" } }),
        services.service("quick"),
    })
    assert(registry.apply_version(watch.before))
    local last = {}
    while not (last.slow and last.quick) do
        local data = services.next(watch, { slow = true, quick = true })
        assert.not_nil(data)
        if data.previous == "stopping" then last[data.name] = data end
    end
    assert.eq(last.quick.state, "stopped")
    assert.eq(last.slow.state, "failed")
    assert.is_error(last.slow.error, errors.TIMEOUT)
    watch.sub:close()
    return true
end

return { main = main }
