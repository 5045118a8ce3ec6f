local assert = require("assert")
local tables = require("tables")

local function main()
    local db = tables.fresh("query")
    assert.eq(db:type(), "sqlite")
    db:execute("INSERT INTO query VALUES (?, ?, ?, ?)", {7, "Ann é", 1.5, "\0\255"})
    db:execute("INSERT INTO query (name) VALUES ('Bob')")

    local rows, err = db:query("SELECT * FROM query ORDER BY id")
    assert.is_nil(err)
    assert.len(rows, 2)
    assert.same(rows[1], {id = 7, name = "Ann é", price = 1.5, data = "\0\255"})
    assert.eq(math.type(rows[1].id), "integer")
    assert.eq(math.type(rows[1].price), "float")
    assert.is_nil(rows[2].price, "null is nil")
    assert.eq(rows[2].id, 8)

    rows, err = db:query("SELECT * FROM query WHERE id > ?", {100})
    assert.is_nil(err)
    assert.len(rows, 0)
    rows = db:query("SELECT count(*) AS n, max(id) AS largest FROM query")
    assert.same(rows, {{n = 2, largest = 8}})
    rows = db:query("INSERT INTO query (name) VALUES ('Cleo') RETURNING id, name")
    assert.same(rows, {{id = 9, name = "Cleo"}})
    return true
end

return { main = main }
