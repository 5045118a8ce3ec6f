local assert = require("assert")
local sql = require("sql")
local tables = require("tables")

local function raises(body, ...)
    local ok, err = pcall(body, ...)
    assert.is_false(ok)
    return err
end

local function main()
    local b, db = sql.builder, tables.fresh("unbuilt")
    tables.refused(errors.INVALID, b.select():from("t"):to_sql())
    tables.refused(errors.INVALID, b.insert():values(1):to_sql())
    tables.refused(errors.INVALID, b.insert("t"):to_sql())
    tables.refused(errors.INVALID, b.update("t"):to_sql())
    tables.refused(errors.INVALID, b.update():set("a", 1):to_sql())
    tables.refused(errors.INVALID, b.delete():to_sql())
    tables.refused(errors.INVALID, b.delete():run_with(db):exec())
    tables.refused(errors.INVALID, b.select("id"):from("nowhere"):run_with(db):query())
    tables.refused(errors.INVALID, b.select("id"):from("unbuilt"):run_with({}):query())
    tables.refused(errors.INVALID, b.select("id"):from("unbuilt"):where({id = {a = 1}}):where("x = ?", {}):run_with(db):query())

    raises(b.select("id").from, b.select("id"), 3)
    raises(b.eq, "x")
    raises(b.eq, {1})
    raises(b.expr, nil)
    raises(b.or_, "x")
    raises(function() return b.select("id"):where(7) end)
    raises(function() return b.select("id"):limit(-1) end)
    raises(function() return b.select("id"):limit("1; DROP TABLE unbuilt") end)
    raises(function() return b.select("id"):offset(1.5) end)
    raises(function() return b.select("id"):placeholder_format("percent") end)
    raises(function() return b.select({}, {}) end)

    local released = sql.get("app.sql:db")
    released:release()
    tables.refused(errors.INVALID, b.select("1"):run_with(released):query())
    return true
end

return { main = main }
