local assert = require("assert")
local expr = require("expr")

local function main()
    for _, bad in ipairs({ "", "1 +", "a b", "(1", "'x", "nothing(1)", "x matches '('", string.rep("(", 9999), "unknown", "$" }) do
        local value, err = expr.eval(bad, {})
        assert.is_nil(value)
        assert.is_error(err, errors.INVALID)
    end
    assert.is_error(select(2, expr.eval(5)), errors.INVALID)
    assert.is_error(select(2, expr.compile("b + 1", { a = 1 })), errors.INVALID)
    assert.is_error(select(2, expr.eval("1", 5)), errors.INVALID)
    for _, failing in ipairs({ "1 + 'a'", "nil.x", "!1", "[1][5]", "map(1..100000, #)", "repeat('a', 99999999)" }) do
        local value, err = expr.eval("true &&\n " .. failing .. " == 1")
        assert.is_nil(value)
        assert.is_error(err, errors.INTERNAL)
        assert.error_contains(err, "line 2")
    end
    return true
end

return { main = main }
