local assert = require("assert")
local env = require("env")
local funcs = require("funcs")

local function main()
    assert.eq(env.get("MEMORY_VAR"), "begin")
    local ok, err = env.set("MEMORY_VAR", "changed")
    assert.is_nil(err)
    assert.is_true(ok)
    assert.eq(env.get("MEMORY_VAR"), "changed")
    assert.eq(env.get("app.env:memory_var"), "changed")
    assert.eq(funcs.call("app.env:other_value", "MEMORY_VAR"), "changed")

    assert.is_true(env.set("app.env:memory_var", ""))
    assert.eq(env.get("MEMORY_VAR"), "")
    return true
end

return { main = main }
