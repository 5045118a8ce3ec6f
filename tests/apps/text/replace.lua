local assert = require("assert")
local text = require("text")

local function main()
    local re = text.regexp.compile([[(?P<first>\w+) (\w+)]])
    assert.eq(re:replace_all_string("hello world", "$2 ${first}"), "world hello")
    assert.eq(text.regexp.compile("a(x*)b"):replace_all_string("-ab-axxb-", "${1}W"), "-W-xxW-")
    assert.eq(text.regexp.compile("[aeiou]"):replace_all_string("banana", ""), "bnn")
    assert.eq(text.regexp.compile("x"):replace_all_string("none", "y"), "none")
    assert.eq(text.regexp.compile("x"):replace_all_string("x", "$$"), "$")
    return true
end

return { main = main }
