local assert = require("assert")
local security = require("security")

local function main()
    local scope = security.new_scope({ "app.security:by_expression" })
    local owner = security.new_actor("user-1")
    local admin = security.new_actor("root", { roles = { "admin" } })
    assert.eq(scope:evaluate(owner, "doc.read", "doc:1", { owner = "user-1" }), "allow")
    assert.eq(scope:evaluate(admin, "doc.read", "doc:1", { owner = "user-1" }), "allow")
    assert.eq(scope:evaluate(admin, "doc.delete", "doc:1", { owner = "user-1" }), "undefined")
    assert.eq(scope:evaluate(owner, "doc.read", "doc:1"), "undefined", "nobody's, and an actor without roles")
    local both = scope:with("app.security:not_at_night")
    assert.eq(both:evaluate(owner, "doc.read", "doc:1", { owner = "user-1", hour = 12 }), "allow")
    assert.eq(both:evaluate(owner, "doc.read", "doc:1", { owner = "user-1", hour = 3 }), "deny")
    assert.eq(both:evaluate(owner, "doc.read", "doc:1", { owner = "user-1" }), "deny", "what cannot be judged is denied")
    return true
end

return { main = main }
