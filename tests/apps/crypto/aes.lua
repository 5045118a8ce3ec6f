local assert = require("assert")
local crypto = require("crypto")

local function main()
    for _, size in ipairs({ 16, 24, 32 }) do
        local key = crypto.random.bytes(size)
        local sealed, err = crypto.encrypt.aes("attack at dawn", key)
        assert.no_error(err)
        assert.neq(sealed, crypto.encrypt.aes("attack at dawn", key), "a new nonce each time")
        local opened
        opened, err = crypto.decrypt.aes(sealed, key)
        assert.no_error(err)
        assert.eq(opened, "attack at dawn")
    end
    local key, other = crypto.random.bytes(32), crypto.random.bytes(32)
    local sealed = crypto.encrypt.aes("secret", key, "for ada")
    assert.eq(crypto.decrypt.aes(sealed, key, "for ada"), "secret")
    for _, case in ipairs({ { sealed, other, "for ada" }, { sealed, key, "for bob" }, { sealed, key }, { "short", key }, { sealed .. "x", key, "for ada" } }) do
        local made, problem = crypto.decrypt.aes(case[1], case[2], case[3])
        assert.is_nil(made)
        assert.is_error(problem, errors.INTERNAL)
        assert.is_false(problem:retryable())
    end
    local made, problem = crypto.encrypt.aes("x", "short")
    assert.is_nil(made)
    assert.is_error(problem, errors.INVALID)
    return true
end

return { main = main }
