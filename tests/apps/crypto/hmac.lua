local assert = require("assert")
local crypto = require("crypto")

local function main()
    local mac, err = crypto.hmac.sha256("Jefe", "what do ya want for nothing?")
    assert.no_error(err)
    assert.eq(mac, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    assert.matches(crypto.hmac.sha512("Jefe", "what do ya want for nothing?"), "^164b7a7bfcf819e2e395fbe73b56e0a3")
    local made, problem = crypto.hmac.sha256("", "data")
    assert.is_nil(made)
    assert.is_error(problem, errors.INVALID)
    made, problem = crypto.hmac.sha256("key", 5)
    assert.is_nil(made)
    assert.is_error(problem, errors.INVALID)
    return true
end

return { main = main }
