local assert = require("assert")
local registry = require("registry")

local function main()
    local snapshot, err = registry.snapshot()
    assert.no_error(err)
    assert.eq(snapshot:version():id(), registry.current_version():id())
    assert.eq(snapshot:get("app.registry:red").meta.color, "dark red")
    assert.eq(#snapshot:find({ type = "thing" }), 2)
    assert.eq(#snapshot:namespace("app.lib"), 2)
    assert.eq(#snapshot:namespace("app.nothing"), 0)
    local count = #snapshot:entries()
    assert.eq(count, #registry.find())

    local changes = snapshot:changes()
    changes:create({ id = "app.registry:snapped", kind = "registry.entry", meta = { type = "snapped" } })
    assert.ok(changes:apply())
    assert.eq(#snapshot:entries(), count)
    local none, missing = snapshot:get("app.registry:snapped")
    assert.is_nil(none)
    assert.is_error(missing, "NotFound")
    assert.eq(#registry.snapshot():find({ type = "snapped" }), 1)
    assert.is_userdata(snapshot)
    registry.apply_version(snapshot:version())
end

return { main = main }
