local assert = require("assert")
local logger = require("logger")

local function main()
    local child = logger:with({ request = "r-1" })
    local named = child:named("orders")
    assert.is_userdata(child)
    assert.is_userdata(named)
    assert.neq(child, logger)
    assert.neq(named, child)
    named:info("from the child", { more = true })
    named:named("inner"):with({ a = 1 }):warn("deeper")
    logger:info("from the parent")
    return true
end

return { main = main }
