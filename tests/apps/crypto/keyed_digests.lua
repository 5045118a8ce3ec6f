local assert = require("assert")
local hash = require("hash")
local crypto = require("crypto")

local function main()
    local mac, err = hash.hmac_sha256("what do ya want for nothing?", "Jefe")
    assert.no_error(err)
    assert.eq(mac, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    assert.eq(mac, crypto.hmac.sha256("Jefe", "what do ya want for nothing?"))
    assert.len(hash.hmac_sha256("d", "k", true), 32)
    assert.len(hash.hmac_md5("d", "k"), 32)
    assert.len(hash.hmac_sha1("d", "k"), 40)
    assert.len(hash.hmac_sha512("d", "k"), 128)
    local made, problem = hash.hmac_sha256("d")
    assert.is_nil(made)
    assert.is_error(problem, errors.INVALID)
    return true
end

return { main = main }
