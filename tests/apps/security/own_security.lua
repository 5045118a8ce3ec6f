local assert = require("assert")
local security = require("security")
local funcs = require("funcs")

local function main()
    local who = funcs.call("app.security:whoami_as_itself")
    assert.eq(who.id, "robot")
    assert.eq(who.policies, "app.security:everything")
    local caller = funcs.new():with_actor(security.new_actor("user-1")):with_scope(security.named_scope("clerks"))
    assert.eq(caller:call("app.security:whoami_as_itself").id, "robot")
end

return { main = main }
