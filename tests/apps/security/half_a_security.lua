local assert = require("assert")
local security = require("security")
local funcs = require("funcs")

local function main()
    local actor = funcs.new():with_actor(security.new_actor("user-1"))
    assert.is_true(actor:call("app.security:attempt", "spawn").ok)
    assert.is_true(actor:call("app.security:attempt", "can", "any.action", "any:thing").ok)
    local scope = funcs.new():with_scope(security.new_scope())
    assert.is_true(scope:call("app.security:attempt", "spawn").ok)
    assert.is_true(scope:call("app.security:whoami").has_scope)
end

return { main = main }
