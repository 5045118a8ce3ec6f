local assert = require("assert")
local json = require("json")

local function main()
    local function nested(levels)
        local t = {}
        for _ = 2, levels do t = { t } end
        return t
    end
    local text, err = json.encode(nested(128))
    assert.no_error(err)
    assert.no_error(select(2, json.decode(text)))
    text, err = json.encode(nested(200))
    assert.is_nil(text)
    assert.is_error(err, errors.INTERNAL)
    local value
    value, err = json.decode(string.rep("[", 200) .. string.rep("]", 200))
    assert.is_nil(value)
    assert.is_error(err, errors.INTERNAL)
    local loop = {}
    loop.self = loop
    text, err = json.encode(loop)
    assert.is_nil(text)
    assert.is_error(err, errors.INTERNAL)
    return true
end

return { main = main }
