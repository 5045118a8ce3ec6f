local assert = require("assert")
local sql = require("sql")
local tables = require("tables")

local function main()
    local db = tables.fresh("tx")
    local tx, err = db:begin()
    assert.is_nil(err)
    assert.eq(tx:db_type(), sql.type.SQLITE)
    assert.eq(tx:execute("INSERT INTO tx (name) VALUES (?)", {"a"}).last_insert_id, 1)
    assert.eq(tables.names(tx, "tx"), "a")
    assert.eq(tables.names(db, "tx"), "", "others do not see it yet")
    assert.is_true(tx:commit())
    assert.eq(tables.names(db, "tx"), "a")

    local undone = db:begin()
    undone:execute("INSERT INTO tx (name) VALUES ('b')")
    assert.is_true(undone:rollback())
    assert.eq(tables.names(db, "tx"), "a")

    for _, ended in ipairs({tx, undone}) do
        for name, args in pairs({
            query = {"SELECT 1"}, execute = {"DELETE FROM tx"}, prepare = {"SELECT 1"}, commit = {}, rollback = {},
            savepoint = {"s"}, rollback_to = {"s"}, release = {"s"},
        }) do
            local refusal = tables.refused(errors.INVALID, ended[name](ended, unpack(args)))
            assert.error_contains(refusal, "not active")
        end
    end
    assert.eq(tables.names(db, "tx"), "a")

    -- a statement that fails leaves the transaction usable
    local mended = db:begin()
    tables.refused(errors.ALREADY_EXISTS, mended:execute("INSERT INTO tx (name) VALUES ('a')"))
    mended:execute("INSERT INTO tx (name) VALUES ('c')")
    mended:commit()
    assert.eq(tables.names(db, "tx"), "a c")
    return true
end

return { main = main }
