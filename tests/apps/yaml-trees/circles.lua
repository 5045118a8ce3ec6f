local assert = require("assert")
local registry = require("registry")
local funcs = require("funcs")

local function main()
    assert.not_nil(registry.get("app.trees:circle_a"))
    assert.not_nil(registry.get("app.trees:circle_b"))
    assert.eq(funcs.call("app.trees:function_alone", 1), 1)
end

return { main = main }
