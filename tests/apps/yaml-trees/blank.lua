local assert = require("assert")
local registry = require("registry")

local function main()
    assert.same(registry.find({ ["meta.blank"] = true }), {})
    assert.not_nil(registry.get("app.trees:beside_blank"), "the entries beside them are there")
end

return { main = main }
