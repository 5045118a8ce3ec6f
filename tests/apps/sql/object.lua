local assert = require("assert")
local sql = require("sql")
local tables = require("tables")

local function main()
    local db = tables.fresh("objects")
    local statement, tx = db:prepare("SELECT 1"), db:begin()
    for _, object in ipairs({db, statement, tx}) do
        assert.eq(type(object), "userdata")
        assert.eq(type(object.query), "function")
        assert.matches(tostring(object), "^sql%.")
        assert.is_nil(object.place)
        assert.is_false((pcall(function() object.query = 1 end)))
    end
    assert.is_false((pcall(tx.query, db, "SELECT 1")), "a method wants its object")
    assert.is_false((pcall(function() sql.type.SQLITE = 1 end)))
    assert.eq(sql.type.POSTGRES, "postgres")
    assert.eq(sql.type.MYSQL, "mysql")
    tx:rollback()
    return true
end

return { main = main }
