local assert = require("assert")
local funcs = require("funcs")
local security = require("security")
local store = require("store")

local function main()
    local DENIED = errors.PERMISSION_DENIED
    store.get("app.store:cache"):set("guarded", 1)
    local function attempt(policies)
        local caller = funcs.new():with_actor(security.new_actor("user-1")):with_scope(security.new_scope(policies))
        local kinds, err = caller:call("app.store:attempt")
        assert.is_nil(err)
        return kinds
    end
    local policies = { "app.store:readers", "app.store:databases", "app.store:callers" }
    assert.same(attempt(policies), { "", "", "", DENIED, DENIED, DENIED, DENIED, DENIED, "", "", "", "" })
    assert.same(attempt({ "app.store:readers", "app.store:callers" }), { "", "", "", DENIED, DENIED, DENIED, DENIED, DENIED, DENIED })
    assert.eq(store.get("app.store:cache"):get("guarded"), 1)
    return true
end

return { main = main }
