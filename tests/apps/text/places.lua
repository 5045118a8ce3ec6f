local assert = require("assert")
local text = require("text")

local function main()
    local re = text.regexp.compile("[0-9]+")
    local place = re:find_string_index("ab123cd")
    assert.same(place, { 3, 5 })
    assert.eq(string.sub("ab123cd", place[1], place[2]), "123")
    assert.is_nil(re:find_string_index("none"))
    assert.same(re:find_all_string_index("1a22"), { { 1, 1 }, { 3, 4 } })
    return true
end

return { main = main }
