local assert = require("assert")
local registry = require("registry")

local function main()
    local merged = registry.get("app.trees:merged").meta
    assert.same(merged, { of_file = true, color = "entry", own = 1, list = { 1, 2 } })
    assert.same(registry.get("app.trees:with_data").meta.list, { 3 }, "no deeper than one level")
    assert.eq(registry.get("app.trees:from_json").meta.format, "json")
end

return { main = main }
