local assert = require("assert")
local registry = require("registry")

local function main()
    local function apply(verb, entry)
        local changes = registry.snapshot():changes()
        changes[verb](changes, entry)
        local none, err = changes:apply()
        assert.is_nil(none)
        return err
    end
    assert.is_error(apply("create", { id = "app.registry:red", kind = "registry.entry" }), "AlreadyExists")
    assert.is_error(apply("update", { id = "app.registry:gone", kind = "registry.entry" }), "NotFound")
    assert.is_error(apply("delete", "app.registry:gone"), "NotFound")
    assert.is_error(apply("create", { id = "app.registry:kindless" }), "Invalid")
end

return { main = main }
