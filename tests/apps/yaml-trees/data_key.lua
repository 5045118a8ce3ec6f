local assert = require("assert")
local registry = require("registry")

local function main()
    assert.same(registry.get("app.trees:with_data").data, { inner = { kind = "inner kind", name = "inner name" } })
    assert.eq(registry.get("app.trees:data_list").data[1], 1)
    assert.same(registry.get("app.trees:plain").data, { anything = { "goes" } })
    assert.same(registry.get("app.trees:from_yml").data, {})
end

return { main = main }
