local assert = require("assert")
local registry = require("registry")
local funcs = require("funcs")

local function main()
    local entry = registry.get("app.trees:unknown")
    assert.eq(entry.kind, "some.unknown.kind")
    assert.same(entry.data, { field = { of = "its own" } })
    local none, err = funcs.call("app.trees:unknown")
    assert.is_nil(none)
    assert.is_error(err, "NotFound")
end

return { main = main }
