-- A fresh table of a name of its own for each test.

local assert = require("assert")
local sql = require("sql")

local M = {}

function M.fresh(name, id)
    local db, err = sql.get(id or "app.sql:db")
    assert.is_nil(err)
    local _
    _, err = db:execute("DROP TABLE IF EXISTS " .. name .. "; CREATE TABLE " .. name ..
        " (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, price REAL, data BLOB)")
    assert.is_nil(err)
    return db
end

-- The names in a table, joined.
function M.names(runs, name)
    local rows, err = runs:query("SELECT name FROM " .. name .. " ORDER BY id")
    assert.is_nil(err)
    local names = {}
    for i, row in ipairs(rows) do names[i] = row.name end
    return table.concat(names, " ")
end

function M.refused(kind, value, err)
    assert.is_nil(value)
    assert.is_error(err, kind)
    return err
end

return M
