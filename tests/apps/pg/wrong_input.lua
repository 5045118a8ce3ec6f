local assert = require("assert")
local pg = require("pg")

local function refused(kind, value, err)
    assert.is_nil(value)
    assert.is_error(err, kind)
    assert.is_false(err:retryable())
end

local function main()
    refused(errors.NOT_FOUND, pg.open("app.pg:nowhere"))
    refused(errors.INVALID, pg.open("app.lib:processes"))
    refused(errors.INVALID, pg.open(""))
    refused(errors.INVALID, pg.open(nil))

    local groups = pg.open("app.pg:scope")
    refused(errors.INVALID, groups:join(""))
    refused(errors.INVALID, groups:join(nil))
    refused(errors.INVALID, groups:join({}))
    refused(errors.INVALID, groups:join({ "ok", 7 }))
    refused(errors.NOT_FOUND, groups:leave("never"))
    refused(errors.INVALID, groups:get_members(""))
    refused(errors.INVALID, groups:monitor(""))
    refused(errors.INVALID, groups:broadcast("g", "@system"))
    refused(errors.INVALID, groups:broadcast("g", ""))
    refused(errors.INVALID, groups:broadcast("", "topic"))
    assert.same(groups:get_members("ok"), {}, "nothing was joined by half")
    return true
end

return { main = main }
