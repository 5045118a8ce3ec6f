local assert = require("assert")
local json = require("json")

local function main()
    assert.eq(json.encode({}), "[]")
    assert.eq(json.encode({ list = {} }), '{"list":[]}')
    return true
end

return { main = main }
