local assert = require("assert")
local sql = require("sql")
local tables = require("tables")

local function main()
    local b, db = sql.builder, tables.fresh("built")
    local result, err = b.insert("built"):columns("name", "price"):values("a", 1.5):values("b", sql.NULL):values("c", nil):run_with(db):exec()
    assert.is_nil(err)
    assert.eq(result.rows_affected, 3)
    local rows
    rows, err = b.select("name", "price"):from("built"):where(b.not_eq({name = "c"})):order_by("id"):run_with(db):query()
    assert.is_nil(err)
    assert.same(rows, {{name = "a", price = 1.5}, {name = "b"}})
    assert.len(b.select("id"):from("built"):where({price = sql.NULL}):run_with(db):query(), 2)

    local tx = db:begin()
    assert.eq(b.update("built"):set_map({price = 3}):where(b.eq({name = {"a", "b"}})):run_with(tx):exec().rows_affected, 2)
    b.delete("built"):where({name = "c"}):run_with(tx):exec()
    tx:commit()
    assert.eq(tables.names(db, "built"), "a b")
    assert.len(b.select("id"):from("built"):where({price = 3}):placeholder_format(b.dollar):run_with(db):query(), 2)
    return true
end

return { main = main }
