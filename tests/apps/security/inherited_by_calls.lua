local assert = require("assert")
local security = require("security")
local funcs = require("funcs")

local function main()
    local actor = security.new_actor("user-1", { role = "clerk" })
    local scope = security.new_scope({ "app.security:call_helpers" })
    local caller = funcs.new():with_actor(actor):with_scope(scope)
    for _, target in ipairs({ "app.security:whoami", "app.security:relay" }) do
        local who, err = caller:call(target)
        assert.no_error(err)
        assert.eq(who.id, "user-1")
        assert.eq(who.meta.role, "clerk")
        assert.eq(who.policies, "app.security:call_helpers")
        assert.eq(who.shown, 0)
    end
    local future = caller:async("app.security:whoami")
    assert.eq(future:response():receive():data().id, "user-1")
    assert.is_nil(funcs.call("app.security:whoami").id, "an executor changes nothing for its maker")
end

return { main = main }
