local assert = require("assert")
local funcs = require("funcs")

local function main()
    assert.eq(funcs.call("app.trees:function_alone", "x"), "x")
    assert.eq(funcs.call("app.trees:by_method"), 2)
    assert.eq(funcs.call("app.trees:no_method"), "main")
    local none, err = funcs.call("app.trees:wrong_method")
    assert.is_nil(none)
    assert.is_error(err, "NotFound")
    assert.contains(err, "secnd")
    local nobody, missing = process.spawn("app.trees:wrong_process_method", "app.trees:host")
    assert.is_nil(nobody)
    assert.is_error(missing, "NotFound")
end

return { main = main }
