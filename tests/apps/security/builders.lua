local assert = require("assert")
local security = require("security")
local funcs = require("funcs")

local RAISED = {
    spawn_context = "process.context on 'context'",
    spawn_actor = "process.security on 'security'",
    call_context = "funcs.context on 'context'",
    call_scope = "funcs.security on 'security'",
}

local function main()
    local caller = funcs.new():with_actor(security.new_actor("user-1")):with_scope(security.new_scope())
    for verb, text in pairs(RAISED) do
        local result = caller:call("app.security:attempt", verb)
        assert.is_true(result.raised, verb)
        assert.eq(result.kind, "PermissionDenied", verb)
        assert.contains(result.text, text)
    end
    local clerk = caller:with_scope(security.new_scope({ "app.security:call_helpers" }))
    local sneaking = clerk:call("app.security:attempt", "call_options")
    assert.eq(sneaking.kind, "PermissionDenied", "another actor through the options")
    assert.contains(sneaking.text, "funcs.security")
    assert.eq(clerk:call("app.security:attempt", "upgrade").kind, "PermissionDenied")
    assert.throws(function() funcs.new():with_actor({ id = "x" }) end, "expected an Actor")
    assert.throws(function() process.with_scope("x") end, "expected a Scope")
end

return { main = main }
