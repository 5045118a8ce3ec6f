local assert = require("assert")
local funcs = require("funcs")
local tables = require("tables")

local function main()
    local db = tables.fresh("shared", "app.sql:memory")
    db:execute("INSERT INTO shared (name) VALUES ('a'), ('b')")
    assert.eq(funcs.call("app.sql:counter", "app.sql:memory", "shared"), 2)
    assert.eq(funcs.call("app.sql:counter", "app.sql:memory", "shared"), 2)
    local other = require("sql").get("app.sql:db")
    tables.refused(errors.INVALID, other:query("SELECT * FROM shared"))
    return true
end

return { main = main }
