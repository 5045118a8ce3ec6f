local assert = require("assert")
local funcs = require("funcs")

local function main()
    assert.same(funcs.call("app.trees:returns_arguments", 1, "b"), { 1, "b" })
    assert.eq(funcs.call("app.trees:by_options"), "app.trees:by_options")
    local none, err = funcs.call("app.trees:waits")
    assert.is_nil(none)
    assert.is_error(err, "NotFound")
end

return { main = main }
