local assert = require("assert")
local env = require("env")

local function refused(kind, name, value)
    local ok, err = env.set(name, value)
    assert.is_nil(ok)
    assert.is_error(err, kind)
    assert.is_false(err:retryable())
    return err
end

local function main()
    refused(errors.PERMISSION_DENIED, "READONLY_VAR", "other")
    refused(errors.PERMISSION_DENIED, "app.env:readonly_var", "other")
    refused(errors.PERMISSION_DENIED, "FIXED_VAR", "other")
    refused(errors.PERMISSION_DENIED, "PATH", "other")
    assert.eq(env.get("READONLY_VAR"), "stays")
    assert.eq(env.get("FIXED_VAR"), "fixed")

    refused(errors.NOT_FOUND, "NOBODY_DECLARES_THIS", "x")
    refused(errors.INVALID, "", "x")
    refused(errors.INVALID, "MEMORY_VAR", {})
    refused(errors.INVALID, "MEMORY_VAR", nil)
    return true
end

return { main = main }
