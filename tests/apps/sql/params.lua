local assert = require("assert")
local sql = require("sql")
local tables = require("tables")

local function one(db, text, values)
    local rows, err = db:query(text, values)
    assert.is_nil(err)
    return rows[1].v
end

local function main()
    local db = tables.fresh("params")
    assert.eq(one(db, "SELECT ? AS v", {"text"}), "text")
    assert.eq(one(db, "SELECT $1 AS v", {"text"}), "text")
    assert.eq(one(db, "SELECT $2 || $1 || $2 AS v", {"a", "b"}), "bab")
    assert.eq(one(db, "SELECT '?$1' || ? AS v", {"!"}), "?$1!")
    assert.eq(one(db, "SELECT ? -- ?\n AS v /* ? */", {3}), 3)
    assert.eq(one(db, "SELECT ? AS v", {true}), 1, "SQLite has no booleans")
    assert.eq(one(db, "SELECT ? LIKE 'a%' AS v", {"abc"}), 1)
    assert.eq(one(db, "SELECT typeof(?) AS v", {1.5}), "real")
    assert.eq(one(db, "SELECT typeof(?) AS v", {"\255"}), "blob")

    assert.eq(one(db, "SELECT typeof(?) AS v", {sql.as.int("42")}), "integer")
    assert.eq(one(db, "SELECT typeof(?) AS v", {sql.as.int(42.0)}), "integer")
    assert.eq(one(db, "SELECT typeof(?) AS v", {sql.as.float(42)}), "real")
    assert.eq(one(db, "SELECT typeof(?) AS v", {sql.as.text(42)}), "text")
    assert.eq(one(db, "SELECT typeof(?) AS v", {sql.as.binary("bytes")}), "blob")
    for _, null in ipairs({sql.NULL, sql.as.null(), sql.as.int(nil)}) do
        assert.eq(one(db, "SELECT typeof(?) AS v", {null}), "null")
    end
    assert.eq(one(db, "SELECT typeof(?) || ? AS v", {nil, "x"}), "nullx")
    assert.eq(type(sql.NULL), "userdata")

    -- what looks like SQL in a value is a value
    db:execute("INSERT INTO params (name) VALUES (?)", {"x'); DROP TABLE params; --"})
    assert.eq(tables.names(db, "params"), "x'); DROP TABLE params; --")
    return true
end

return { main = main }
