local assert = require("assert")
local pg = require("pg")

local function main()
    local groups = pg.open("app.pg:scope")
    groups:join("twice")
    groups:join("twice")
    assert.same(groups:get_members("twice"), { process.pid() }, "listed once")
    assert.is_true(groups:leave("twice"))
    assert.same(groups:get_members("twice"), { process.pid() }, "still a member")
    assert.is_true(groups:leave("twice"))
    assert.same(groups:get_members("twice"), {})

    local ok, err = groups:leave("twice")
    assert.is_nil(ok)
    assert.is_error(err, errors.NOT_FOUND)
    return true
end

return { main = main }
