local assert = require("assert")
local security = require("security")

local function main()
    local actor = security.new_actor("user-1")
    local scope = security.named_scope("clerks")
    assert.eq(scope:evaluate(actor, "funcs.call", "app.security:whoami"), "allow")
    assert.eq(scope:evaluate(actor, "funcs.call", "app.security:secret"), "deny")
    assert.eq(scope:evaluate(actor, "funcs.call", "app.other:x"), "undefined")
    assert.eq(security.new_scope():evaluate(actor, "funcs.call", "x"), "undefined")
    assert.eq(security.policy("app.security:no_secrets"):evaluate(actor, "process.send", "app.security:secret"), "deny")
    local verdict, err = security.new_scope({ "app.security:whoami" }):evaluate(actor, "a", "b")
    assert.is_nil(verdict)
    assert.is_error(err, "Invalid")
    assert.throws(function() scope:evaluate("user-1", "a", "b") end, "expected an Actor")
end

return { main = main }
