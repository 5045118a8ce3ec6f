local assert = require("assert")
local registry = require("registry")

local function main()
    local before = registry.current_version()
    local changes = registry.snapshot():changes()
    changes:create({ id = "app.registry:one", kind = "registry.entry", meta = { n = 1 }, data = { text = "x", list = { 1, { a = true } } } })
    changes:create({ id = { ns = "app.other", name = "two" }, kind = "some.kind" })
    local version, err = changes:apply()
    assert.no_error(err)
    assert.eq(version:id(), registry.current_version():id())
    assert.eq(version:previous():id(), before:id())
    assert.same(registry.get("app.registry:one").data, { text = "x", list = { 1, { a = true } } })
    assert.eq(registry.get("app.other:two").kind, "some.kind")

    local again = registry.snapshot():changes()
    again:delete("app.registry:one")
    again:delete({ ns = "app.other", name = "two" })
    assert.ok(again:apply())
    local none, missing = registry.get("app.registry:one")
    assert.is_nil(none)
    assert.is_error(missing, "NotFound")
    local nothing, empty = again:apply()
    assert.is_nil(nothing)
    assert.is_error(empty, "Invalid", "no changes are left")
end

return { main = main }
