local assert = require("assert")
local security = require("security")

local function main()
    local empty = security.new_scope()
    local policy = assert(security.policy("app.security:everything"))
    assert.eq(policy:id(), "app.security:everything")
    local one = empty:with(policy)
    assert.is_false(empty:contains(policy))
    assert.is_true(one:contains(policy))
    assert.is_true(one:contains("app.security:everything"))
    assert.eq(#one:with(policy):policies(), 1)
    assert.eq(one:policies()[1]:id(), "app.security:everything")
    assert.is_false(one:without(policy):contains(policy))
    assert.is_true(one:contains(policy))
    assert.is_false(one:without("app.security:everything"):contains(policy))
    assert.is_true(security.new_scope({ policy }):contains(policy))
    assert.throws(function() one:with(1) end, "expected a Policy")
    assert.throws(function() security.new_scope({ {} }) end, "expected a Policy")
    assert.throws(function() security.new_scope("x") end, "expected a list of policies")
end

return { main = main }
