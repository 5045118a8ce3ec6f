local assert = require("assert")
local tables = require("tables")

-- A transaction is no value: it does not reach another process, and its number alone opens nothing.
local function main()
    local db = tables.fresh("own_only")
    local tx = db:begin()
    tx:execute("INSERT INTO own_only (name) VALUES ('a')")
    local other = coroutine.wrap(function() return tx:query("SELECT name FROM own_only") end)
    assert.len(other(), 1)
    tx:rollback()
    tables.refused(errors.INVALID, db.query(db, {1}, {}))
    return true
end

return { main = main }
