local assert = require("assert")
local tables = require("tables")

local function main()
    local db = tables.fresh("flags")
    db:execute("ALTER TABLE flags ADD COLUMN done BOOLEAN")
    db:execute("INSERT INTO flags (name, done) VALUES (?, ?), (?, ?), (?, NULL)", {"a", true, "b", false, "c"})
    local rows = db:query("SELECT name, done, 1 AS one FROM flags ORDER BY id")
    assert.same(rows, {{name = "a", done = true, one = 1}, {name = "b", done = false, one = 1}, {name = "c", one = 1}})
    assert.len(db:query("SELECT * FROM flags WHERE done = ?", {true}), 1)
    assert.eq(db:query("SELECT count(*) AS done FROM flags WHERE NOT done")[1].done, 1)
    return true
end

return { main = main }
