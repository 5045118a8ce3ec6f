local assert = require("assert")
local registry = require("registry")

local function main()
    assert.eq(registry.get("app.trees:definition").data.readme, "text")
    assert.eq(registry.get("app.trees:dependency").data.parameters[1].value, 1)
    assert.eq(registry.get("app.trees:requirement").data.targets[1].path, ".meta.x")
end

return { main = main }
