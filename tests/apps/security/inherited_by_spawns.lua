local assert = require("assert")
local security = require("security")

local function main()
    local spawner = process.with_context({ tenant = "a" })
        :with_actor(security.new_actor("user-2"))
        :with_scope(security.new_scope({ "app.security:everything" }))
    local who, err = spawner:exec("app.security:whoami_process", "app.lib:processes")
    assert.no_error(err)
    assert.eq(who.id, "user-2")
    assert.eq(who.policies, "app.security:everything")
    assert.eq(who.shown, 1)

    local events = process.events()
    local pid = assert(spawner:spawn_monitored("app.security:whoami_process", "app.lib:processes"))
    local event = events:receive()
    assert.eq(event.from, pid)
    assert.eq(event.result.value.id, "user-2")
end

return { main = main }
