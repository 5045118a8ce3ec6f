local assert = require("assert")
local security = require("security")

local function main()
    local actor = security.new_actor("user-1", { role = "clerk" })
    local scope = security.named_scope("clerks")
    for _, id in ipairs({ "app.security:tokens", "app.security:signed_tokens", "app.security:stored_tokens" }) do
        local store = assert(security.token_store(id))
        local token, err = store:create(actor, scope, { expiration = "5m", meta = { device = "phone" } })
        assert.no_error(err)
        assert.is_string(token)
        assert.neq(store:create(actor, scope), token)
        local who, granted = store:validate(token)
        assert.eq(who:id(), "user-1")
        assert.eq(who:meta().role, "clerk")
        assert.eq(#granted:policies(), 2)
        assert.is_true(granted:contains("app.security:no_secrets"))
        assert.is_true(store:revoke(token))
        local none, nothing, gone = store:validate(token)
        assert.is_nil(none)
        assert.is_nil(nothing)
        assert.is_error(gone, "NotFound")
        local again, unknown = store:revoke(token)
        assert.is_nil(again)
        assert.is_error(unknown, "NotFound")
    end
end

return { main = main }
