local assert = require("assert")
local registry = require("registry")

local function main()
    local changes = registry.snapshot():changes()
    changes:delete("app.registry:greeting")
    local none, err = changes:apply()
    assert.is_nil(none)
    assert.is_error(err, "Invalid")
    assert.contains(err:message(), "app.registry:greet imports.greeting")
    assert.not_nil(registry.get("app.registry:greeting"))
end

return { main = main }
