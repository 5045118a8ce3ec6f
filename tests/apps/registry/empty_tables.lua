local assert = require("assert")
local registry = require("registry")
local funcs = require("funcs")

local function main()
    local changes = registry.snapshot():changes()
    changes:create({
        id = "app.registry:empties",
        kind = "function.lua",
        meta = {},
        data = { source = "return function() return 1 end", modules = {}, imports = {}, pool = {} },
    })
    assert.ok(changes:apply())
    assert.eq(funcs.call("app.registry:empties"), 1)
end

return { main = main }
