local assert = require("assert")
local text = require("text")

local function main()
    local re, err = text.regexp.compile("[0-9]+")
    assert.no_error(err)
    assert.is_userdata(re)
    assert.is_true(re:match_string("order 17"))
    assert.is_false(re:match_string("none"))
    assert.eq(re:find_string("order 17 of 20"), "17")
    assert.is_nil(re:find_string("none"))
    assert.same(re:find_all_string("1 and 22 and 333"), { "1", "22", "333" })
    assert.same(re:find_all_string("1 and 22 and 333", 2), { "1", "22" })
    assert.same(re:find_all_string("none"), {})
    assert.is_true(text.regexp.compile("(?i)ÄPFEL"):match_string("äpfel"))
    return true
end

return { main = main }
