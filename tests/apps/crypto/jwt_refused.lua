local assert = require("assert")
local crypto = require("crypto")
local time = require("time")

local function main()
    local now = time.now():unix()
    local good = crypto.jwt.encode({ sub = "ada", exp = now + 60 }, "secret")
    local old = crypto.jwt.encode({ sub = "ada", exp = now - 60 }, "secret")
    local endless = crypto.jwt.encode({ sub = "ada" }, "secret")
    for _, case in ipairs({ { good, "wrong" }, { old, "secret" }, { endless, "secret" }, { "x.y", "secret" }, { "", "secret" },
        { good, "secret", "HS512" }, { good, "secret", "none" } }) do
        local claims, err = crypto.jwt.verify(case[1], case[2], case[3])
        assert.is_nil(claims)
        assert.is_error(err)
        assert.is_false(err:retryable())
    end
    local claims, err = crypto.jwt.verify(endless, "secret", "HS256", false)
    assert.no_error(err)
    assert.eq(claims.sub, "ada")
    local token
    token, err = crypto.jwt.encode("text", "secret")
    assert.is_nil(token)
    assert.is_error(err, errors.INVALID)
    token, err = crypto.jwt.encode({ a = 1 }, "secret", "XX")
    assert.is_nil(token)
    assert.is_error(err, errors.INVALID)
    return true
end

return { main = main }
