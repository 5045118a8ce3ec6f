local assert = require("assert")
local security = require("security")
local funcs = require("funcs")

local function main()
    local orders = security.new_scope({ "app.security:own_orders" })
    local caller = funcs.new():with_actor(security.new_actor("user-1")):with_scope(orders)
    assert.is_true(caller:call("app.security:attempt", "can", "order.pay", "order:1", { owner = "user-1" }).value)
    assert.is_false(caller:call("app.security:attempt", "can", "order.pay", "order:1", { owner = "user-2" }).value)
    assert.is_false(caller:call("app.security:attempt", "can", "order.pay", "order:1").value)
    assert.throws(function() security.can("order.pay") end, "expected an action and a resource")
end

return { main = main }
