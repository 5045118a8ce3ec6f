local assert = require("assert")
local pg = require("pg")

local function main()
    local groups = pg.open("app.pg:scope")
    local flushed, kept = groups:monitor("flush"), groups:monitor("flush")
    groups:join("flush")
    groups:leave("flush")

    flushed:close({ flush = true })
    local value, open = flushed:channel():receive()
    assert.is_nil(value, "drained")
    assert.is_false(open)

    kept:close()
    assert.eq(kept:channel():receive().kind, "member.joined")
    assert.eq(kept:channel():receive().kind, "member.left")
    value, open = kept:channel():receive()
    assert.is_nil(value)
    assert.is_false(open)
    return true
end

return { main = main }
