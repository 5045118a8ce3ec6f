local assert = require("assert")
local pg = require("pg")

local function main()
    local groups = pg.open("app.pg:scope")
    groups:join("watched")
    local sub, members = groups:monitor("watched")
    assert.is_userdata(sub)
    assert.same(members, { process.pid() })
    assert.ok(sub:channel() == sub:channel())

    local joined = process.listen("joined")
    local pid = process.spawn("app.pg:member", "app.lib:processes", process.pid(), "app.pg:scope", "watched")
    joined:receive()
    groups:join("not_watched")
    groups:leave("watched")

    local event = sub:channel():receive()
    assert.eq(event.system, "pg")
    assert.eq(event.kind, "member.joined")
    assert.eq(event.path, "watched")
    assert.eq(event.data.Group, "watched")
    assert.same(event.data.PIDs, { pid })

    event = sub:channel():receive()
    assert.eq(event.kind, "member.left")
    assert.same(event.data.PIDs, { process.pid() })
    assert.is_true(sub:close())
    assert.is_true(sub:close())
    process.send(pid, "stop")
    return true
end

return { main = main }
