local assert = require("assert")
local sql = require("sql")
local tables = require("tables")

local function main()
    for _, bad in ipairs({"", 7, true, {}}) do tables.refused(errors.INVALID, sql.get(bad)) end
    tables.refused(errors.INVALID, sql.get())
    tables.refused(errors.NOT_FOUND, sql.get("app.sql:nowhere"))
    assert.error_contains(tables.refused(errors.NOT_FOUND, sql.get("app.sql:memry")), "app.sql:memory")
    assert.error_contains(tables.refused(errors.INVALID, sql.get("app.sql:counter")), "function.lua")
    assert.error_contains(tables.refused(errors.UNAVAILABLE, sql.get("app.sql:stopped")), "auto_start")
    return true
end

return { main = main }
