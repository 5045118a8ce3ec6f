local assert = require("assert")
local store = require("store")

-- The default of the variable beats the one within the placeholder, and what its storage holds beats both.
local function main()
    local by_placeholder, err = store.get("app.env:store")
    assert.is_nil(err)
    assert.eq(by_placeholder:info().max_size, 5433)
    assert.eq(store.get("app.env:by_sibling"):info().max_size, 5433)
    return true
end

return { main = main }
