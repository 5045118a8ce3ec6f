local assert = require("assert")
local crypto = require("crypto")

local function main()
    assert.is_true(crypto.constant_time_compare("same", "same"))
    assert.is_false(crypto.constant_time_compare("same", "sama"))
    assert.is_false(crypto.constant_time_compare("same", "samer"))
    assert.is_true(crypto.constant_time_compare("", ""))
    return true
end

return { main = main }
