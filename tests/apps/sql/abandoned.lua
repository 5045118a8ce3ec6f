local assert = require("assert")
local tables = require("tables")

-- A process that ends, well or not, leaves nothing of its transaction, and its connection is free again.
local function main()
    local db = tables.fresh("abandoned")
    for _ = 1, 3 do
        local result, err = process.exec("app.sql:leaver", "app.lib:processes", "leaves", "abandoned")
        assert.is_nil(err)
        assert.eq(result, "left")
        _, err = process.exec("app.sql:leaver", "app.lib:processes", "fails", "abandoned")
        assert.error_contains(err, "left with an open transaction")
    end
    assert.eq(db:execute("INSERT INTO abandoned (name) VALUES ('mine')").rows_affected, 1)
    assert.eq(tables.names(db, "abandoned"), "mine")
    return true
end

return { main = main }
