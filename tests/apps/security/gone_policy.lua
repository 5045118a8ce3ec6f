local assert = require("assert")
local security = require("security")
local funcs = require("funcs")

local function main()
    local scope = security.new_scope({ "app.security:everything", "app.security:nothing_such" })
    local caller = funcs.new():with_actor(security.new_actor("user-1")):with_scope(scope)
    local result = caller:call("app.security:attempt", "call", "app.security:whoami")
    assert.eq(result.kind, "PermissionDenied")
    assert.contains(result.text, "app.security:nothing_such")
end

return { main = main }
