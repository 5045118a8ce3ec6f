local assert = require("assert")
local crypto = require("crypto")

local function main()
    local one, err = crypto.random.bytes(32)
    assert.no_error(err)
    assert.len(one, 32)
    assert.neq(one, crypto.random.bytes(32))
    for _, bad in ipairs({ 0, -1, 1048577, 1.5, "ten" }) do
        local made, problem = crypto.random.bytes(bad)
        assert.is_nil(made)
        assert.is_error(problem, errors.INVALID)
    end
    return true
end

return { main = main }
