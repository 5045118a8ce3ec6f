local assert = require("assert")
local crypto = require("crypto")

local function main()
    local text, err = crypto.random.string(40)
    assert.no_error(err)
    assert.matches(text, "^%w+$")
    assert.len(text, 40)
    assert.matches(crypto.random.string(40, "01"), "^[01]+$")
    assert.len(crypto.random.string(1), 1)
    for _, case in ipairs({ { 0 }, { -5 }, { 10, "" } }) do
        local made, problem = crypto.random.string(case[1], case[2])
        assert.is_nil(made)
        assert.is_error(problem, errors.INVALID)
    end
    return true
end

return { main = main }
