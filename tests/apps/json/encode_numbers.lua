local assert = require("assert")
local json = require("json")

local function main()
    assert.eq(json.encode({ 1 / 0, -1 / 0, 0 / 0 }), "[null,null,null]")
    assert.eq(json.encode(1e300), json.encode(json.decode(json.encode(1e300))))
    assert.eq(json.encode(9007199254740993), "9007199254740993")
    return true
end

return { main = main }
