local assert = require("assert")
local pg = require("pg")

local function main()
    local groups, err = pg.open("app.pg:scope")
    assert.no_error(err)
    assert.is_userdata(groups)

    assert.same(groups:get_members("solo"), {}, "nobody yet")
    local ok, join_err = groups:join("solo")
    assert.no_error(join_err)
    assert.is_true(ok)
    assert.same(groups:get_members("solo"), { process.pid() })
    assert.same(groups:get_local_members("solo"), { process.pid() })
    assert.contains(groups:which_groups(), "solo")
    assert.contains(groups:which_local_groups(), "solo")

    assert.is_true(groups:leave("solo"))
    assert.same(groups:get_members("solo"), {})
    for _, name in ipairs(groups:which_groups()) do
        assert.neq(name, "solo", "a group without members is none")
    end
    return true
end

return { main = main }
