local assert = require("assert")
local funcs = require("funcs")

local function main()
    local none, err = funcs.call("app.trees:unknown_module")
    assert.is_nil(none)
    assert.is_error(err, "Invalid")
    assert.contains(err, "'jsn'")
    assert.contains(err, "did you mean 'json'?")
    assert.contains(err, "channel, ")
    local nothing, broken = funcs.call("app.trees:imports_broken")
    assert.is_nil(nothing)
    assert.is_error(broken, "Invalid")
    assert.contains(broken, "app.trees:broken_library")
    local nobody, typo = process.spawn("app.trees:typo", "app.trees:host")
    assert.is_nil(nobody)
    assert.is_error(typo, "Invalid")
end

return { main = main }
