local assert = require("assert")
local pg = require("pg")
local time = require("time")

local function main()
    local groups = pg.open("app.pg:scope")
    local joined = process.listen("joined")
    local pid = process.spawn("app.pg:member", "app.lib:processes", process.pid(), "app.pg:scope", "mortal")
    assert.eq(joined:receive(), pid)
    local sub, members = groups:monitor("mortal")
    assert.same(members, { pid })

    process.terminate(pid)
    local result = channel.select({ sub:channel():case_receive(), time.after("30s"):case_receive() })
    assert.ok(result.channel == sub:channel(), "told of the leaving")
    assert.eq(result.value.kind, "member.left")
    assert.same(result.value.data, { Group = "mortal", PIDs = { pid } })
    assert.same(groups:get_members("mortal"), {})
    return true
end

return { main = main }
