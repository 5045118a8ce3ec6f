local assert = require("assert")
local registry = require("registry")
local events = require("events")

local function main()
    local before = registry.current_version()
    local subscription = assert(events.subscribe("registry", "entry.*"))
    local changes = registry.snapshot():changes()
    changes:create({ id = "app.registry:news", kind = "registry.entry" })
    assert.ok(changes:apply())
    local event = subscription:channel():receive()
    assert.eq(event.system, "registry")
    assert.eq(event.kind, "entry.create")
    assert.eq(event.path, "app.registry:news")
    registry.apply_version(before)
    event = subscription:channel():receive()
    assert.eq(event.kind, "entry.delete")
    assert.eq(event.path, "app.registry:news")
    subscription:close()
end

return { main = main }
