local assert = require("assert")
local registry = require("registry")

local function main()
    local entry, err = registry.get("app.registry:red")
    assert.no_error(err)
    assert.eq(entry.id, "app.registry:red")
    assert.eq(entry.kind, "registry.entry")
    assert.eq(entry.meta.type, "thing")
    assert.eq(entry.meta.suite, "registry", "the meta of the file is merged in")
    assert.same(entry.meta.tags, { "a", "b" })
    assert.same(entry.data, { text = "hello", list = { 1, 2 } })
    assert.same(registry.get("app.registry:blue").data, { inner = { value = 7 } })
    assert.contains(registry.get("app.registry:greet").data.source, "greeting.text", "a source is its text")
    entry.meta.type = "changed"
    assert.eq(registry.get("app.registry:red").meta.type, "thing")
end

return { main = main }
