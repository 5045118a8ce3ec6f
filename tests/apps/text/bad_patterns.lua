local assert = require("assert")
local text = require("text")

local function main()
    for _, bad in ipairs({ "(a", "[z-a]", "(?=look)", "*", 5, {} }) do
        local re, err = text.regexp.compile(bad)
        assert.is_nil(re)
        assert.is_error(err, errors.INVALID)
        assert.is_false(err:retryable())
    end
    local began = os.clock()
    assert.is_false(text.regexp.compile("(a+)+$"):match_string(string.rep("a", 20000) .. "b"))
    assert.lt(os.clock() - began, 10)
    return true
end

return { main = main }
