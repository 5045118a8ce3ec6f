local assert = require("assert")
local pg = require("pg")

local function main()
    local groups = pg.open("app.pg:scope")
    assert.is_true(groups:join({ "red", "green", "blue" }))
    for _, name in ipairs({ "red", "green", "blue" }) do
        assert.same(groups:get_members(name), { process.pid() })
    end
    assert.is_true(groups:leave({ "red", "blue" }))
    assert.same(groups:get_members("red"), {})
    assert.same(groups:get_members("green"), { process.pid() })

    local ok, err = groups:leave({ "green", "never_joined" })
    assert.is_nil(ok)
    assert.is_error(err, errors.NOT_FOUND)
    assert.same(groups:get_members("green"), { process.pid() }, "all or nothing")
    return true
end

return { main = main }
