local assert = require("assert")
local registry = require("registry")

local function main()
    assert.same(registry.parse_id("app.lib:assert"), { ns = "app.lib", name = "assert" })
    assert.same(registry.parse_id("a:b:c"), { ns = "a", name = "b:c" })
    assert.same(registry.parse_id("name"), { ns = "", name = "name" })
    local none, err = registry.parse_id(7)
    assert.is_nil(none)
    assert.is_error(err, "Invalid")
end

return { main = main }
