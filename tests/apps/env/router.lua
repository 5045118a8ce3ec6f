local assert = require("assert")
local env = require("env")

local function main()
    assert.eq(env.get("SHADOWED"), "fixed")
    assert.is_true(env.set("SHADOWED", "first"))
    assert.eq(env.get("SHADOWED"), "first")
    return true
end

return { main = main }
