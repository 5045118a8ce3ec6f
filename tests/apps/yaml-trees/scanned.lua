local assert = require("assert")
local registry = require("registry")

local function main()
    assert.not_nil(registry.get("app.trees:from_yml"))
    assert.eq(registry.get("app.trees:from_json").data.count, 3)
    assert.not_nil(registry.get("app.trees.deep.er:nested.name_with.dots"))
    assert.is_nil(registry.get("app.trees:from_node_modules"))
end

return { main = main }
