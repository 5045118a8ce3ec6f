local assert = require("assert")
local security = require("security")
local funcs = require("funcs")

local function main()
    local nothing = funcs.new():with_actor(security.new_actor("user-1")):with_scope(security.new_scope())
    local result = nothing:call("app.security:attempt", "call", "app.security:whoami")
    assert.eq(result.kind, "PermissionDenied")
    assert.eq(result.retryable, false)
    assert.contains(result.text, "no policy of its scope allows it")
    local calls = nothing:with_scope(security.new_scope({ "app.security:call_helpers" }))
    assert.is_true(calls:call("app.security:attempt", "call", "app.security:whoami").ok)
    assert.eq(calls:call("app.security:attempt", "call", "app.other:whoami").kind, "PermissionDenied")
    assert.eq(calls:call("app.security:attempt", "spawn").kind, "PermissionDenied")
end

return { main = main }
