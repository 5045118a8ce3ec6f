local assert = require("assert")
local json = require("json")

local function main()
    assert.eq(json.encode({ 1, 2, 3 }), "[1,2,3]")
    assert.eq(json.encode({ b = 1, a = { true, "x" } }), '{"a":[true,"x"],"b":1}')
    assert.eq(json.encode("a\"b\n"), '"a\\"b\\n"')
    assert.eq(json.encode(5), "5")
    assert.eq(json.encode(1.5), "1.5")
    assert.eq(json.encode(true), "true")
    assert.eq(json.encode(nil), "null")
    return true
end

return { main = main }
