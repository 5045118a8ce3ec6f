local assert = require("assert")
local registry = require("registry")

local function main()
    local entry = registry.get("app.trees.deep.er:nested.name_with.dots")
    assert.eq(entry.id, "app.trees.deep.er:nested.name_with.dots")
    assert.same(registry.parse_id(entry.id), { ns = "app.trees.deep.er", name = "nested.name_with.dots" })
    assert.eq(registry.get("app.trees:service").data.process, "registers", "shown as it is written")
    assert.not_nil(process.registry.lookup("trees service"))
end

return { main = main }
