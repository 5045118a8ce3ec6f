local assert = require("assert")
local pg = require("pg")

local function main()
    local groups = pg.open("app.pg:other")
    groups:join({ "ants", "bees" })
    local sub, snapshot = groups:events()
    assert.same(snapshot.ants, { process.pid() })
    assert.same(snapshot.bees, { process.pid() })

    groups:join("wasps")
    groups:leave("ants")
    local first, second = sub:channel():receive(), sub:channel():receive()
    assert.eq(first.kind .. " " .. first.path, "member.joined wasps")
    assert.eq(second.kind .. " " .. second.path, "member.left ants")
    sub:close()
    return true
end

return { main = main }
