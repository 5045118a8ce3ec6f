local assert = require("assert")
local registry = require("registry")

local function main()
    local single = registry.get("app.trees:single")
    assert.eq(single.kind, "registry.entry")
    assert.eq(single.meta.shape, "single")
    assert.eq(single.data.color, "red")
    assert.eq(single.data.nested.list[2], "two")
    assert.eq(single.data.nested.list[3], 3.5)
    assert.is_true(single.data.nested.list[4])
    assert.is_nil(single.data.name)
    assert.is_nil(single.data.version)
end

return { main = main }
