local assert = require("assert")
local json = require("json")

local function main()
    assert.eq(json.encode({ 1 / 0, -1 / 0, 0 / 0 }), "[null,null,null]")
    assert.eq(json.encode(1e300), json.encode(json.decode(json.encode(1e300))))
    assert.eq(json.encode(9007199254740993), "9007199254740993")
    for text in string.gmatch("0.1 9.99 -0.5 1.5 123456.789 0.00001 0.0000015 1e-7 -1.25e-9 1e+21 100000000000000000000 1.7976931348623157e+308", "%S+") do
        assert.eq(json.encode(tonumber(text) + 0.0), text)
    end
    assert.eq(json.encode(5.0), "5")
    assert.eq(json.encode({ price = 19.9, total = 0.1 + 0.2 }), '{"price":19.9,"total":0.30000000000000004}')
    return true
end

return { main = main }
