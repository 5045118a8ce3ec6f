local assert = require("assert")
local tables = require("tables")

local function main()
    local db = tables.fresh("large")
    local text = string.rep("0123456789abcdef", 65536)
    db:execute("INSERT INTO large (name, data) VALUES (?, ?)", {text, "\0" .. text})
    local row = db:query("SELECT * FROM large")[1]
    assert.eq(#row.name, 1048576)
    assert.ok(row.name == text)
    assert.ok(row.data == "\0" .. text)

    local rows = db:query("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) SELECT i FROM n")
    assert.len(rows, 10000)
    assert.eq(rows[10000].i, 10000)

    tables.refused(errors.INVALID, db:execute("INSERT INTO large (name) VALUES (?)", {string.rep("x", 5 * 1024 * 1024)}))
    tables.refused(errors.INVALID, db:query("SELECT name || name || name || name || name AS x FROM large"))
    return true
end

return { main = main }
