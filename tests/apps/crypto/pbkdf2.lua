local assert = require("assert")
local crypto = require("crypto")
local hash = require("hash")

local function main()
    local function hex(bytes)
        return (string.gsub(bytes, ".", function(c) return string.format("%02x", string.byte(c)) end))
    end
    local key, err = crypto.pbkdf2("passwd", "salt", 1, 32)
    assert.no_error(err)
    assert.eq(hex(key), "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc")
    assert.len(crypto.pbkdf2("passwd", "salt", 10, 64, "sha512"), 64)
    assert.neq(crypto.pbkdf2("passwd", "salt", 2, 32), key)
    for _, case in ipairs({ { "", "salt", 1, 32 }, { "p", "", 1, 32 }, { "p", "s", 0, 32 }, { "p", "s", 1, 0 }, { "p", "s", 1, 32, "crc" } }) do
        local made, problem = crypto.pbkdf2(case[1], case[2], case[3], case[4], case[5])
        assert.is_nil(made)
        assert.is_error(problem, errors.INVALID)
    end
    return true
end

return { main = main }
