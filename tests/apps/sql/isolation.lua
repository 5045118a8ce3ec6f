local assert = require("assert")
local sql = require("sql")
local tables = require("tables")

local function main()
    local db = tables.fresh("isolation")
    local tx, err = db:begin({isolation = sql.isolation.SERIALIZABLE})
    assert.is_nil(err)
    tx:commit()
    tx = db:begin({read_only = true})
    assert.len(tx:query("SELECT * FROM isolation"), 0)
    tables.refused(errors.PERMISSION_DENIED, tx:execute("INSERT INTO isolation (name) VALUES ('a')"))
    tx:rollback()
    assert.eq(db:execute("INSERT INTO isolation (name) VALUES ('a')").rows_affected, 1)

    tables.refused(errors.INVALID, db:begin({isolation = "strict"}))
    tables.refused(errors.INVALID, db:begin({isolation = 3}))
    tables.refused(errors.INVALID, db:begin({read_only = "yes"}))
    tables.refused(errors.INVALID, db:begin({readonly = true}))
    tables.refused(errors.INVALID, db:begin("serializable"))
    assert.eq(db:stats().in_use, 0)
    return true
end

return { main = main }
