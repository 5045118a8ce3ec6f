local assert = require("assert")
local funcs = require("funcs")

local function main()
    local none, err = funcs.call("app.trees:unlisted")
    assert.is_nil(none)
    assert.contains(err, "json")
    assert.is_true(funcs.call("app.trees:listed"))
    assert.eq(require("assert"), assert)
    assert.throws(function() require("no_such_module") end, "module 'no_such_module' not found")
end

return { main = main }
