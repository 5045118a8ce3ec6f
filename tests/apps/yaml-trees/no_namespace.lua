local assert = require("assert")
local registry = require("registry")

local function main()
    for _, entry in ipairs(registry.find({ name = "lost" })) do
        assert.fail(entry.id)
    end
    for _, entry in ipairs(registry.snapshot():namespace("app.trees")) do
        assert.neq(entry.name, "settings")
    end
end

return { main = main }
