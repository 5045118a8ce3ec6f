local assert = require("assert")
local sql = require("sql")
local tables = require("tables")

local function main()
    local db = tables.fresh("released")
    local other = sql.get("app.sql:db")
    assert.is_true(db:release())
    for name, args in pairs({query = {"SELECT 1"}, execute = {"SELECT 1"}, prepare = {"SELECT 1"}, begin = {}, type = {}, stats = {}, release = {}}) do
        local err = tables.refused(errors.INVALID, db[name](db, unpack(args)))
        assert.error_contains(err, "released")
    end
    assert.len(other:query("SELECT 1"), 1)
    return true
end

return { main = main }
