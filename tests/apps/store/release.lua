local assert = require("assert")
local store = require("store")

local function main()
    local s = store.get("app.store:cache")
    local other = store.get("app.store:cache")
    s:set("release.a", 1)
    assert.is_true(s:release())

    local calls = {
        get = {"release.a"}, set = {"release.a", 2}, has = {"release.a"}, delete = {"release.a"}, put = {"release.a", 2},
        entry = {"release.a"}, list = {}, info = {}, release = {},
    }
    for name, args in pairs(calls) do
        local value, err = s[name](s, unpack(args))
        assert.is_nil(value, name)
        assert.is_error(err, errors.INVALID)
        assert.error_contains(err, "released")
    end
    assert.eq(other:get("release.a"), 1)
    return true
end

return { main = main }
