local assert = require("assert")
local checks = require("checks")
local store = require("store")

local function refused(value, err)
    assert.is_nil(value)
    assert.is_error(err, errors.INVALID)
    return err
end

local function check(s)
    for _, key in ipairs({"", 7, true, {}, string.rep("k", 5000), "\255"}) do
        refused(s:get(key))
        refused(s:set(key, 1))
        refused(s:has(key))
        refused(s:delete(key))
        refused(s:put(key, 1))
        refused(s:entry(key))
    end
    refused(s:get())

    for _, ttl in ipairs({-1, "soon", "-5m", "10", "", {}, true, math.huge, 0 / 0, 1e12}) do
        refused(s:set("wrong", 1, ttl))
    end

    refused(s:set("wrong", function() end))
    refused(s:set("wrong", {[1.5] = 1}))
    local deep = {}
    for _ = 1, 80 do deep = {deep} end
    assert.error_contains(refused(s:set("wrong", deep)), "64")
    local cycle = {}
    cycle.me = cycle
    assert.error_contains(refused(s:set("wrong", cycle)), "cycle")
    assert.error_contains(refused(s:set("wrong", string.rep("x", 5 * 1024 * 1024))), "4194304")
    assert.is_false(s:has("wrong"))

    assert.error_contains(refused(s:put("wrong", 1, {if_absnt = true})), "if_absent")
    refused(s:put("wrong", 1, {if_version = 3}))
    assert.error_contains(refused(s:put("wrong", 1, {if_version = ""})), "if_version")
    assert.error_contains(refused(s:put("wrong", 1, {if_absent = "yes"})), "if_absent")
    assert.error_contains(refused(s:set("wro\0ng", 1)), "NUL")
    refused(s:put("wrong", 1, "now"))
    for _, limit in ipairs({0, -1, 1001, 1.5, "10"}) do refused(s:list({limit = limit})) end
    refused(s:list({prefix = 3}))
    assert.is_false(s:has("wrong"))
end

local function main()
    check(store.get("app.store:cache"))
    check(store.get(checks.make_table()))
    return true
end

return { main = main }
