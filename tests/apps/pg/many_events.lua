local assert = require("assert")
local pg = require("pg")

local function main()
    local groups = pg.open("app.pg:scope")
    local sub = groups:monitor("busy")
    for _ = 1, 100 do
        groups:join("busy")
        groups:leave("busy")
    end
    for _ = 1, 100 do
        assert.eq(sub:channel():receive().kind, "member.joined")
        assert.eq(sub:channel():receive().kind, "member.left")
    end
    return true
end

return { main = main }
