local assert = require("assert")
local store = require("store")

local function main()
    local s = store.get("app.store:small")
    for i = 1, 3 do assert.is_true(s:set("full." .. i, i)) end
    local ok, err = s:set("full.4", 4)
    assert.is_nil(ok)
    assert.is_error(err, errors.UNAVAILABLE)
    assert.error_contains(err, "max_size")
    assert.is_true(s:set("full.1", "changed"), "a key that is there can be written")
    assert.eq(s:info().size, 3)
    assert.is_true(s:delete("full.2"))
    assert.is_true(s:set("full.4", 4))
    return true
end

return { main = main }
