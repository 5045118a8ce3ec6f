local assert = require("assert")
local registry = require("registry")

local function main()
    local changes = registry.snapshot():changes()
    changes:create({ id = "app.registry:typo", kind = "function.lua", data = { source = "return function( end" } })
    local none, err = changes:apply()
    assert.is_nil(none)
    assert.is_error(err, "Invalid")
    assert.contains(err:message(), "app.registry:typo")
    assert.is_nil(registry.get("app.registry:typo"))
end

return { main = main }
