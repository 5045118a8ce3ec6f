local assert = require("assert")
local sql = require("sql")
local tables = require("tables")

local function main()
    tables.refused(errors.UNAVAILABLE, sql.get("app.sql:away"))
    assert.not_nil(sql.get("app.sql:db"))
    return true
end

return { main = main }
