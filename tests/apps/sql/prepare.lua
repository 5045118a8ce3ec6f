local assert = require("assert")
local tables = require("tables")

local function main()
    local db = tables.fresh("prepared")
    local insert, err = db:prepare("INSERT INTO prepared (name) VALUES (?)")
    assert.is_nil(err)
    assert.eq(tables.names(db, "prepared"), "", "preparing does nothing")
    for _, name in ipairs({"a", "b", "c"}) do
        assert.eq(insert:execute({name}).rows_affected, 1)
    end
    local select = db:prepare("SELECT name FROM prepared WHERE id >= ?")
    assert.len(select:query({2}), 2)
    assert.len(select:query({3}), 1)
    assert.is_true(select:close())
    tables.refused(errors.INVALID, select:query({1}))
    tables.refused(errors.INVALID, select:close())

    tables.refused(errors.INVALID, db:prepare("SELEC 1"))
    tables.refused(errors.INVALID, db:prepare(""))
    tables.refused(errors.INVALID, insert:execute({}))

    local tx = db:begin()
    local within = tx:prepare("INSERT INTO prepared (name) VALUES (?)")
    within:execute({"d"})
    tx:rollback()
    tables.refused(errors.INVALID, within:execute({"e"}))
    assert.eq(tables.names(db, "prepared"), "a b c")

    db:release()
    tables.refused(errors.INVALID, insert:execute({"f"}))
    return true
end

return { main = main }
