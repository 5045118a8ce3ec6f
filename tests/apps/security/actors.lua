local assert = require("assert")
local security = require("security")

local function main()
    local meta = { role = "clerk", tags = { "a" } }
    local actor = security.new_actor("user-1", meta)
    assert.is_userdata(actor)
    assert.is_function(actor.id)
    meta.role = "root"
    actor:meta().role = "root"
    assert.eq(actor:meta().role, "clerk")
    assert.same(actor:meta().tags, { "a" })
    assert.eq(actor:id(), "user-1")
    assert.same(security.new_actor("x"):meta(), {})
    local none, err = security.new_actor("")
    assert.is_nil(none)
    assert.is_error(err, "Invalid")
    assert.throws(function() security.new_actor("x", "meta") end, "expected a table")
    assert.throws(function() actor.id = 1 end)
end

return { main = main }
