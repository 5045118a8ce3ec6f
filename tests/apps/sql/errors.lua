local assert = require("assert")
local tables = require("tables")

local function main()
    local db = tables.fresh("failing")
    db:execute("INSERT INTO failing (name) VALUES ('a')")

    local function refused(kind, text, values)
        local err = tables.refused(kind, db:query(text, values))
        tables.refused(kind, db:execute(text, values))
        assert.is_false(err:retryable())
        return err
    end
    assert.error_contains(refused(errors.ALREADY_EXISTS, "INSERT INTO failing (name) VALUES ('a')"), "failing.name")
    refused(errors.ALREADY_EXISTS, "INSERT INTO failing (id, name) VALUES (1, 'b')")
    refused(errors.INVALID, "INSERT INTO failing (name) VALUES (NULL)")
    assert.error_contains(refused(errors.INVALID, "SELEC 1"), "SELEC")
    assert.error_contains(refused(errors.INVALID, "SELECT * FROM nowhere"), "nowhere")
    assert.error_contains(refused(errors.INVALID, "SELECT nothing FROM failing"), "nothing")
    assert.error_contains(refused(errors.INVALID, "SELECT ?, ?", {1}), "2 parameters")
    refused(errors.INVALID, "SELECT ?", {1, 2})
    refused(errors.PERMISSION_DENIED, "ATTACH '/tmp/other.db' AS other")
    local err = refused(errors.ALREADY_EXISTS, "INSERT INTO failing (name) VALUES ('a')")
    assert.eq(err:details().code, "SQLITE_CONSTRAINT_UNIQUE")

    db:execute("PRAGMA foreign_keys = ON")
    assert.eq(tables.names(db, "failing"), "a")
    return true
end

return { main = main }
