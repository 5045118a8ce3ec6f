local assert = require("assert")
local store = require("store")

local function main()
    local found, err = store.get("app.env:unresolvable")
    assert.is_nil(found)
    assert.is_error(err, errors.INVALID)
    assert.error_contains(err, "NOBODY_DECLARES_THIS")
    return true
end

return { main = main }
