local assert = require("assert")
local funcs = require("funcs")

local function main()
    assert.eq(funcs.call("app.trees:through_library"), "[1]")
end

return { main = main }
