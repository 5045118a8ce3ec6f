local assert = require("assert")
local sql = require("sql")
local tables = require("tables")

local function main()
    local db = tables.fresh("wrong_input")
    local tx = db:begin()
    for _, runs in ipairs({db, tx}) do
        for _, text in ipairs({"", "   ", "-- nothing", ";", 7, true, {}}) do
            tables.refused(errors.INVALID, runs:query(text))
            tables.refused(errors.INVALID, runs:execute(text))
            tables.refused(errors.INVALID, runs:prepare(text))
        end
        tables.refused(errors.INVALID, runs:query())
        for _, values in ipairs({"x", 7, true, {name = "x"}, {[0] = 1}, {[1000000] = 1}}) do
            tables.refused(errors.INVALID, runs:query("SELECT ?", values))
        end
        for _, value in ipairs({{}, {1}, {a = {b = {c = 1}}}, {{{1}}}, function() end, tx, channel.new(1), errors.new("x"), sql.as.int("x"), sql.as.int(2^70), sql.as.float({})}) do
            local err = tables.refused(errors.INVALID, runs:query("SELECT ?", {value}))
            assert.is_false(err:retryable())
        end
        local err = tables.refused(errors.INVALID, runs:query("SELECT ?, ?", {1, {a = {b = {}}}}))
        assert.error_contains(err, "params[2]")
        assert.error_contains(err, "json.encode")
        tables.refused(errors.INVALID, runs:query("SELECT 1 -- " .. string.rep("x", 2 * 1024 * 1024)))
    end
    tx:rollback()
    return true
end

return { main = main }
