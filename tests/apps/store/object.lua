local assert = require("assert")
local store = require("store")

local function main()
    local s = store.get("app.store:cache")
    assert.eq(type(s), "userdata")
    assert.eq(type(s.get), "function")
    assert.matches(tostring(s), "Store")
    assert.is_nil(s.nothing)
    assert.is_false((pcall(function() s.get = 1 end)))
    assert.is_false((pcall(s.get, {}, "key")), "a method wants its object")
    assert.is_false((pcall(function() store.get = nil end)))

    -- arguments beyond those that a method has are nobody's
    assert.is_true(s:set("object.a", 1, nil, "more", {}))
    assert.eq(s:get("object.a", 2, 3), 1)
    assert.is_true(s:has("object.a", false))
    assert.is_table(s:info(1, 2))
    return true
end

return { main = main }
