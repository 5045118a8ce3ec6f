local assert = require("assert")
local pg = require("pg")

local function main()
    local one, other = pg.open("app.pg:scope"), pg.open("app.pg:other")
    one:join("same_name")
    assert.same(one:get_members("same_name"), { process.pid() })
    assert.same(other:get_members("same_name"), {})
    local again = pg.open("app.pg:scope")
    assert.same(again:get_members("same_name"), { process.pid() }, "one scope, however often it is opened")
    return true
end

return { main = main }
