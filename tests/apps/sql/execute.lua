local assert = require("assert")
local tables = require("tables")

local function main()
    local db = tables.fresh("execute")
    local result, err = db:execute("INSERT INTO execute (name) VALUES (?), (?)", {"a", "b"})
    assert.is_nil(err)
    assert.eq(result.rows_affected, 2)
    assert.eq(result.last_insert_id, 2)
    assert.eq(db:execute("UPDATE execute SET price = 2").rows_affected, 2)
    assert.eq(db:execute("DELETE FROM execute WHERE name = 'z'").rows_affected, 0)

    -- several statements, a semicolon in a text, a trigger
    result, err = db:execute([[
        INSERT INTO execute (name) VALUES ('c;d'); -- one; comment
        CREATE TRIGGER execute_touch AFTER INSERT ON execute BEGIN
            UPDATE execute SET price = 9 WHERE id = new.id;
        END;
        INSERT INTO execute (name) VALUES ('e');
    ]])
    assert.is_nil(err)
    assert.eq(tables.names(db, "execute"), "a b c;d e")
    assert.eq(db:query("SELECT price FROM execute WHERE name = 'e'")[1].price, 9)
    return true
end

return { main = main }
