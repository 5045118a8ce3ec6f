local assert = require("assert")
local json = require("json")

local function main()
    assert.eq(json.decode("  5 "), 5)
    assert.eq(json.decode("1e3"), 1000)
    assert.eq(json.decode("1.0"), 1)
    assert.eq(math.type(json.decode("5")), "integer")
    assert.eq(math.type(json.decode("9223372036854775807")), "integer")
    assert.eq(json.decode("9223372036854775808"), 9223372036854775808.0)
    assert.eq(json.decode('"\\ud83d\\ude00\\u00e9\\/"'), "\u{1F600}é/")
    assert.eq(json.decode("[1,null,3]")[3], 3)
    assert.is_nil(json.decode('{"a":null}').a)
    assert.eq(json.encode("\u{7f}\1</script>&é"), '"\\u007f\\u0001</script>&é"')
    assert.eq(json.encode({ ["1"] = "a" }), '{"1":"a"}')
    assert.eq(json.encode({ 1, 2, nil }), "[1,2]")
    assert.eq(json.encode(errors.new("broken")), '"broken"')
    local value = { name = 'x\n"q"\\ /é\0', list = { 1, 2.5, "s", true, { a = {} } }, deep = { a = { b = { c = 1 } } } }
    assert.same(json.decode(json.encode(value)), value)
end

return { main = main }
