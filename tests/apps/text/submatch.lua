local assert = require("assert")
local text = require("text")

local function main()
    local re = text.regexp.compile([[(\w+)@(\w+)\.com]])
    assert.same(re:find_string_submatch("to ada@example.com now"), { "ada@example.com", "ada", "example" })
    assert.is_nil(re:find_string_submatch("nobody"))
    assert.same(re:find_all_string_submatch("a@b.com c@d.com"), { { "a@b.com", "a", "b" }, { "c@d.com", "c", "d" } })
    assert.same(text.regexp.compile("(a)(b)?"):find_string_submatch("a"), { "a", "a", "" })
    return true
end

return { main = main }
