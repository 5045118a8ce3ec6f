local assert = require("assert")
local security = require("security")

local function main()
    local scope = security.new_scope({ "app.security:own_orders" })
    local actor = security.new_actor("user-1", { level = 1 })
    assert.eq(scope:evaluate(actor, "order.pay", "order:7", { owner = "user-1" }), "allow")
    assert.eq(scope:evaluate(actor, "order.pay", "order:7", { owner = "user-2" }), "undefined")
    assert.eq(scope:evaluate(actor, "order.pay", "order:7"), "undefined")
    local suspended = security.new_actor("user-1", { suspended = true })
    assert.eq(scope:evaluate(suspended, "order.pay", "order:7", { owner = "user-1" }), "undefined")
end

return { main = main }
