local assert = require("assert")
local text = require("text")

local function main()
    local re = text.regexp.compile([[\s*,\s*]])
    assert.same(re:split("a , b,c", -1), { "a", "b", "c" })
    assert.same(re:split("a , b,c", 2), { "a", "b,c" })
    assert.same(re:split("abc", -1), { "abc" })
    assert.same(text.regexp.compile("a"):split("banana", -1), { "b", "n", "n", "" })
    return true
end

return { main = main }
