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
    return true
end

return { main = main }
