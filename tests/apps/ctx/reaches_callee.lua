local assert = require("assert")
local ctx = require("ctx")
local funcs = require("funcs")

local function main()
    local caller = funcs.new():with_context({ tenant = "blue", deep = { list = { 1, 2, 3 } } })

    local value, err = caller:call("app.ctx:read", "tenant")
    assert.no_error(err)
    assert.eq(value, "blue")

    value, err = caller:call("app.ctx:read", "deep")
    assert.no_error(err)
    assert.same(value, { list = { 1, 2, 3 } })

    local mine = ctx.get("tenant")
    assert.is_nil(mine, "the values of a call are not the caller's")
    return true
end

return { main = main }
