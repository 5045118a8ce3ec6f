-- What every store does, whatever it keeps its entries in.

local assert = require("assert")
local sql = require("sql")
local store = require("store")
local time = require("time")

local M = {}

-- The table of `app.store:table`; the store does not make it.
function M.make_table()
    local db = sql.get("app.store:db")
    local _, err = db:execute("CREATE TABLE IF NOT EXISTS kv (k TEXT PRIMARY KEY, v BLOB NOT NULL, until TIMESTAMP)")
    assert.is_nil(err)
    db:release()
    return "app.store:table"
end

local function opened(id)
    local s, err = store.get(id)
    assert.is_nil(err)
    assert.not_nil(s)
    return s
end

function M.basics(id)
    local s = opened(id)
    local value, err = s:get("basics.none")
    assert.is_nil(value)
    assert.is_error(err, errors.NOT_FOUND)
    assert.is_false(err:retryable())
    assert.error_contains(err, "basics.none")

    local ok
    ok, err = s:set("basics.a", {name = "Ann", tags = {"x", "y"}})
    assert.is_nil(err)
    assert.is_true(ok)
    value, err = s:get("basics.a")
    assert.is_nil(err)
    assert.same(value, {name = "Ann", tags = {"x", "y"}})
    assert.is_true(s:has("basics.a"))
    assert.is_false(s:has("basics.none"))

    assert.is_true(s:set("basics.a", "other"))
    assert.eq(s:get("basics.a"), "other")
    assert.is_true(s:delete("basics.a"))
    ok, err = s:delete("basics.a")
    assert.is_false(ok)
    assert.is_nil(err)
    assert.is_false(s:has("basics.a"))
    assert.is_true(s:release())
    return true
end

function M.values(id)
    local s = opened(id)
    local values = {
        text = "text é", empty = "", bytes = "\0\255\254", yes = true, no = false, int = 9007199254740993, float = 1.5,
        min = math.mininteger, list = {1, 2, 3}, nested = {a = {b = {c = {1, {d = "e"}}}}}, none = {}, mixed = {[1] = "a", [5] = "b"},
    }
    for key, value in pairs(values) do
        assert.is_true(s:set("values." .. key, value), key)
    end
    for key, value in pairs(values) do
        local got, err = s:get("values." .. key)
        assert.is_nil(err)
        assert.eq(type(got), type(value), key)
        assert.same(got, value, key)
    end
    assert.eq(math.type(s:get("values.int")), "integer")
    assert.eq(math.type(s:get("values.float")), "float")

    -- what is stored does not change with the table that was given, or got
    local given = {1}
    s:set("values.copied", given)
    given[2] = 2
    local got = s:get("values.copied")
    assert.same(got, {1})
    got[3] = 3
    assert.same(s:get("values.copied"), {1})

    s:set("values.error", errors.new({message = "broken", kind = errors.NOT_FOUND, retryable = false, details = {a = 1}}))
    local kept = s:get("values.error")
    assert.is_error(kept, errors.NOT_FOUND)
    assert.eq(kept:message(), "broken")
    assert.same(kept:details(), {a = 1})
    s:release()
    return true
end

function M.ttl(id)
    local s = opened(id)
    assert.is_true(s:set("ttl.short", 1, 0.5))
    assert.is_true(s:set("ttl.long", 2, 60))
    assert.is_true(s:set("ttl.text", 2, "1m30s"))
    assert.near(s:entry("ttl.text").expires_at, time.now():unix() + 90, 20)
    assert.is_true(s:set("ttl.none", 3, 0))
    assert.is_true(s:set("ttl.kept", 4, 0.5))
    assert.is_true(s:set("ttl.kept", 5))
    assert.is_true(s:has("ttl.short"))
    time.sleep("550ms")
    assert.is_false(s:has("ttl.short"))
    local value, err = s:get("ttl.short")
    assert.is_nil(value)
    assert.is_error(err, errors.NOT_FOUND)
    assert.is_false(s:delete("ttl.short"))
    assert.eq(s:get("ttl.long"), 2)
    assert.eq(s:get("ttl.none"), 3)
    assert.eq(s:get("ttl.kept"), 5, "a write without a ttl takes the old one away")

    local entry = s:entry("ttl.long")
    assert.near(entry.expires_at, time.now():unix() + 60, 20)
    s:release()
    return true
end

function M.versions(id)
    local s = opened(id)
    local first, err = s:put("versions.a", 1, {if_absent = true})
    assert.is_nil(err)
    assert.is_string(first)
    _, err = s:put("versions.a", 2, {if_absent = true})
    assert.is_error(err, errors.ALREADY_EXISTS)

    local second = s:put("versions.a", 2, {if_version = first})
    assert.neq(second, first)
    _, err = s:put("versions.a", 3, {if_version = first})
    assert.is_error(err, errors.CONFLICT)
    _, err = s:put("versions.none", 3, {if_version = first})
    assert.is_error(err, errors.CONFLICT)
    assert.same(s:entry("versions.a"), {key = "versions.a", value = 2, version = second})
    _, err = s:entry("versions.none")
    assert.is_error(err, errors.NOT_FOUND)

    s:set("versions.b", {1})
    s:set("versions.c", "c")
    local keys = {}
    for _, entry in ipairs(s:list({prefix = "versions.", limit = 2})) do keys[#keys + 1] = entry.key end
    for _, entry in ipairs(s:list({prefix = "versions.", after = keys[2]})) do keys[#keys + 1] = entry.key end
    assert.same(keys, {"versions.a", "versions.b", "versions.c"})

    local info = s:info()
    assert.eq(info.id, id)
    assert.gte(info.size, 3)
    s:release()
    return true
end

return M
