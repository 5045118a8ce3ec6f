local assert = require("assert")
local tables = require("tables")

local function main()
    local db = tables.fresh("savepoints")
    local tx = db:begin()
    tx:execute("INSERT INTO savepoints (name) VALUES ('a')")
    assert.is_true(tx:savepoint("one"))
    tx:execute("INSERT INTO savepoints (name) VALUES ('b')")
    assert.is_true(tx:rollback_to("one"))
    tx:execute("INSERT INTO savepoints (name) VALUES ('c')")
    assert.is_true(tx:release("one"))
    tables.refused(errors.INVALID, tx:rollback_to("one"))
    tables.refused(errors.INVALID, tx:savepoint("x; DROP TABLE savepoints"))
    tables.refused(errors.INVALID, tx:savepoint(""))
    tables.refused(errors.INVALID, tx:savepoint(nil))
    tx:commit()
    assert.eq(tables.names(db, "savepoints"), "a c")
    return true
end

return { main = main }
