local assert = require("assert")
local registry = require("registry")

local function main()
    local before = registry.current_version()
    local changes = registry.snapshot():changes()
    changes:create({ id = "app.registry:fresh", kind = "process.host", data = { lifecycle = { auto_start = true } } })
    assert.ok(changes:apply())
    local pid, err = process.spawn_monitored("app.registry:waiting", "app.registry:fresh")
    assert.no_error(err)
    assert.contains(pid, "app.registry:fresh")
    process.send(pid, "go")
    assert.eq(process.events():receive().result.value, "go old")
    registry.apply_version(before)
end

return { main = main }
