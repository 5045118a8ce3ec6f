local assert = require("assert")
local pg = require("pg")

local function main()
    local groups = pg.open("app.pg:scope")
    local joined = process.listen("joined")
    local heard = process.listen("heard", { message = true })
    local pids = {}
    for i = 1, 3 do
        pids[i] = process.spawn("app.pg:member", "app.lib:processes", process.pid(), "app.pg:scope", "choir")
        joined:receive()
    end
    assert.len(groups:get_members("choir"), 3)

    local ok, err = groups:broadcast("choir", "sing", { song = "la" })
    assert.no_error(err)
    assert.ok(ok)
    local sung = {}
    for _ = 1, 3 do
        local parts = heard:receive():payload()
        sung[parts[1]:data()] = (sung[parts[1]:data()] or 0) + 1
        assert.eq(parts[2]:data(), "sing", "the topic of the broadcast")
        assert.eq(parts[3]:data(), process.pid(), "from the caller")
        assert.same(parts[4]:data(), { song = "la" })
    end
    for _, pid in ipairs(pids) do
        assert.eq(sung[pid], 1, "once each")
        process.send(pid, "stop")
    end

    assert.ok(groups:broadcast_local("nobody_here", "sing"), "nobody is no error")
    return true
end

return { main = main }
