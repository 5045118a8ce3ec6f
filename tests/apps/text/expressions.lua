local assert = require("assert")
local expr = require("expr")

local function main()
    assert.eq(expr.eval("price * quantity", { price = 10, quantity = 5 }), 50)
    assert.eq(expr.eval("1 + 2 * 3"), 7)
    assert.eq(expr.eval('user.name startsWith "A" ? "yes" : "no"', { user = { name = "Ada" } }), "yes")
    assert.same(expr.eval("filter(orders, .total > 10) | map(.id)", { orders = { { id = 1, total = 5 }, { id = 2, total = 15 } } }), { 2 })
    assert.is_nil(expr.eval("user?.address?.city", { user = {} }))
    local adult, err = expr.compile("age >= 18 && any(roles, # == 'admin')")
    assert.no_error(err)
    assert.eq(type(adult), "userdata")
    assert.is_true(adult:run({ age = 20, roles = { "admin" } }))
    assert.is_false(adult:run({ age = 20, roles = {} }))
    assert.is_nil(expr.compile("missing"):run({}))
    return true
end

return { main = main }
