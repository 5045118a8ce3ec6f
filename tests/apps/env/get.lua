local assert = require("assert")
local env = require("env")

local function main()
    local value, err = env.get("FILE_VAR")
    assert.is_nil(err)
    assert.eq(value, "from a file")
    assert.eq(env.get("app.env:file_var"), "from a file")
    assert.eq(env.get("FIXED_VAR"), "fixed")
    assert.eq(env.get("app.env:only_id"), "by id")
    assert.eq(env.get("READONLY_VAR"), "stays")
    assert.is_string(env.get("PATH"))

    -- values are text, whatever their defaults are
    assert.eq(env.get("PORT_VAR"), "5433")
    assert.eq(env.get("FLAG_VAR"), "true")
    return true
end

return { main = main }
