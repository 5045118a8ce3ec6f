local assert = require("assert")
local registry = require("registry")

local function main()
    assert.is_nil(registry.get("app.trees.runtime:never"))
    local entry = registry.get("app.trees:overridden")
    assert.eq(entry.data.color, "green")
    assert.eq(entry.meta.level, 2)
    assert.same(entry.data.list, { "a", "changed" })
    assert.eq(registry.get("app.trees:retyped").kind, "registry.other")
end

return { main = main }
