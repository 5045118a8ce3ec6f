local assert = require("assert")
local security = require("security")
local funcs = require("funcs")

local function main()
    local both = security.new_scope({ "app.security:everything", "app.security:no_secrets" })
    local caller = funcs.new():with_actor(security.new_actor("user-1")):with_scope(both)
    local result = caller:call("app.security:attempt", "call", "app.security:secret")
    assert.eq(result.kind, "PermissionDenied")
    assert.contains(result.text, "denies it")
    assert.is_true(caller:call("app.security:attempt", "call", "app.security:whoami").ok)
end

return { main = main }
