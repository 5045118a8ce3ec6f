local assert = require("assert")
local registry = require("registry")

local function main()
    local entry = registry.get("app.registry:red")
    entry.meta.color = "green"
    entry.data.text = "bye"
    local changes = registry.snapshot():changes()
    changes:update(entry)
    assert.ok(changes:apply())
    assert.eq(registry.get("app.registry:red").meta.color, "green")
    assert.eq(registry.get("app.registry:red").data.text, "bye")
    local some = registry.snapshot():changes()
    some:update({ id = "app.registry:red", meta = { type = "thing" } })
    assert.ok(some:apply())
    local now = registry.get("app.registry:red")
    assert.is_nil(now.meta.color)
    assert.eq(now.data.text, "bye", "what is not given stays")
    assert.eq(now.kind, "registry.entry")
    registry.apply_version(1)
end

return { main = main }
