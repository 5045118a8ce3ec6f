local assert = require("assert")
local pg = require("pg")

local function main()
    local groups = pg.open("app.pg:scope")
    groups:join("released")
    assert.is_true(groups:release())

    local calls = {
        function() return groups:join("x") end,
        function() return groups:leave("released") end,
        function() return groups:get_members("released") end,
        function() return groups:get_local_members("released") end,
        function() return groups:which_groups() end,
        function() return groups:which_local_groups() end,
        function() return groups:broadcast("released", "t") end,
        function() return groups:broadcast_local("released", "t") end,
        function() return groups:monitor("released") end,
        function() return groups:events() end,
    }
    for _, call in ipairs(calls) do
        local value, err = call()
        assert.is_nil(value)
        assert.is_error(err, errors.INVALID)
        assert.error_contains(err, "released")
    end
    assert.same(pg.open("app.pg:scope"):get_members("released"), { process.pid() })
    return true
end

return { main = main }
