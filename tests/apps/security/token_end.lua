local assert = require("assert")
local security = require("security")
local time = require("time")

local function main()
    local actor, scope = security.new_actor("user-1"), security.new_scope()
    local store = security.token_store("app.security:signed_tokens")
    local short = store:create(actor, scope, { expiration = 5 })
    time.sleep("20ms")
    local _, _, expired = store:validate(short)
    assert.is_error(expired, "NotFound")
    assert.contains(expired, "expired")

    local stored = security.token_store("app.security:stored_tokens")
    short = stored:create(actor, scope, { expiration = "5ms" })
    time.sleep("20ms")
    local _, _, forgotten = stored:validate(short)
    assert.is_error(forgotten, "NotFound")

    local token = store:create(actor, scope)
    local _, _, forged = store:validate(string.sub(token, 1, -2) .. "#")
    assert.is_error(forged, "NotFound")
    local _, _, foreign = security.token_store("app.security:tokens"):validate(token)
    assert.is_error(foreign, "NotFound", "a token of another store")
    local _, _, wrong = store:validate(17)
    assert.is_error(wrong, "Invalid")
    local none, bad = store:create(actor, scope, { expiration = "soon" })
    assert.is_nil(none)
    assert.is_error(bad, "Invalid")

    assert.is_true(store:close())
    local nothing, closed = store:create(actor, scope)
    assert.is_nil(nothing)
    assert.is_error(closed, "Invalid")
    assert.contains(closed, "closed")
    assert.not_nil(security.token_store("app.security:signed_tokens"):validate(token), "closing is the script's affair only")
end

return { main = main }
