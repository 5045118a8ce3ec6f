local assert = require("assert")
local json = require("json")

local function main()
    assert.is_nil(json.decode("null"))
    assert.eq(json.decode("5"), 5)
    assert.eq(math.type(json.decode("5")), "integer")
    assert.eq(json.decode("1.5"), 1.5)
    assert.eq(json.decode('"\\u00e4\\ud83d\\ude00"'), "ä😀")
    local value, err = json.decode(' {"a": [1, {"b": null}], "c": false} ')
    assert.no_error(err)
    assert.eq(value.a[1], 1)
    assert.is_nil(value.a[2].b)
    assert.is_false(value.c)
    assert.eq(json.encode(json.decode('{"list":[]}')), '{"list":[]}')
    return true
end

return { main = main }
