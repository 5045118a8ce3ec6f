local assert = require("assert")
local funcs = require("funcs")

local function main()
    local none, missing = funcs.call("app.trees:missing_source")
    assert.is_nil(none)
    assert.is_error(missing, "Invalid")
    assert.contains(missing, "missing.lua")
    local nothing, outside = funcs.call("app.trees:outside")
    assert.is_nil(nothing)
    assert.is_error(outside, "Invalid")
    assert.contains(outside, "outside the source roots")
end

return { main = main }
