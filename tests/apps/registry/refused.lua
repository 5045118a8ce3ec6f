local assert = require("assert")
local registry = require("registry")

local function main()
    local version = registry.current_version():id()
    local changes = registry.snapshot():changes()
    changes:create({ id = "app.registry:good", kind = "registry.entry" })
    changes:create({ id = "app.registry:bad_module", kind = "function.lua", data = { source = "return 1", modules = { "jsn" } } })
    changes:create({ id = "app.registry:bad_service", kind = "process.service", data = { process = "nothing" } })
    local none, err = changes:apply()
    assert.is_nil(none)
    assert.is_error(err, "Invalid")
    assert.contains(err:message(), "'jsn'")
    assert.contains(err:message(), "did you mean 'json'?")
    assert.contains(err:message(), "app.registry:bad_service host")
    assert.gte(#err:details().faults, 2)
    assert.eq(registry.current_version():id(), version)
    assert.is_nil(registry.get("app.registry:good"))
end

return { main = main }
