local assert = require("assert")
local registry = require("registry")

local function main()
    assert.eq(registry.get("app.trees:definition").data.readme, "text")
    assert.eq(registry.get("app.trees:dependency").data.parameters[1].value, 1)
    assert.eq(registry.get("app.trees:requirement").data.targets[1].path, ".meta.x")
    local open = registry.get("app.trees:open_field")
    assert.eq(open.data.field, "by default")
    assert.eq(open.meta.owner, "itself", "a default never replaces what is written")
    assert.same(open.data.list, {"first", "added"})
end

return { main = main }
