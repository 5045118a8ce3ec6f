local assert = require("assert")
local crypto = require("crypto")
local time = require("time")

local function main()
    local claims = { sub = "ada", roles = { "admin" }, exp = time.now():unix() + 60 }
    local token, err = crypto.jwt.encode(claims, "secret")
    assert.no_error(err)
    assert.matches(token, "^[%w_-]+%.[%w_-]+%.[%w_-]+$")
    local found
    found, err = crypto.jwt.verify(token, "secret")
    assert.no_error(err)
    assert.eq(found.sub, "ada")
    assert.same(found.roles, { "admin" })
    assert.eq(found.exp, claims.exp)
    for _, algorithm in ipairs({ "HS256", "HS384", "HS512" }) do
        local signed = crypto.jwt.encode(claims, "secret", algorithm)
        assert.eq(crypto.jwt.verify(signed, "secret", algorithm).sub, "ada")
    end
    return true
end

return { main = main }
