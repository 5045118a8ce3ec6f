local assert = require("assert")
local store = require("store")

local function main()
    local s = store.get("app.store:nowhere_table")
    local value, err = s:get("a")
    assert.is_nil(value)
    assert.is_error(err, errors.NOT_FOUND)
    assert.error_contains(err, "never_made")
    return true
end

return { main = main }
