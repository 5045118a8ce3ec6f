local assert = require("assert")
local sql = require("sql")
local tables = require("tables")

local function main()
    local db = sql.get("app.sql:db")
    local path = db:query("PRAGMA database_list")[1].file
    assert.matches(path, "/data/app%.db$")
    tables.refused(errors.PERMISSION_DENIED, db:execute("ATTACH DATABASE ? AS other", {path .. ".other"}))
    tables.refused(errors.PERMISSION_DENIED, db:execute("VACUUM INTO ?", {path .. ".copy"}))
    tables.refused(errors.INVALID, db:query("SELECT load_extension('x')"))
    local _, err = db:execute("VACUUM")
    assert.is_nil(err)
    return true
end

return { main = main }
