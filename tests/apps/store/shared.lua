local assert = require("assert")
local funcs = require("funcs")
local store = require("store")

local function main()
    local ok, err = funcs.call("app.store:writer", "shared.a", {from = "another function"})
    assert.is_nil(err)
    assert.is_true(ok)
    local s = store.get("app.store:cache")
    assert.same(s:get("shared.a"), {from = "another function"})
    return true
end

return { main = main }
