local assert = require("assert")
local registry = require("registry")
local funcs = require("funcs")

local function main()
    local before = registry.current_version()
    local running = funcs.async("app.registry:slow")
    local pid = assert(process.spawn_monitored("app.registry:waiting", "app.lib:processes"))
    local changes = registry.snapshot():changes()
    changes:update({ id = "app.registry:slow", kind = "function.lua", data = { source = "return function() return 'new' end" } })
    changes:update({ id = "app.registry:waiting", kind = "process.lua", data = { source = "return function() return 'new' end" } })
    assert.ok(changes:apply())
    assert.eq(funcs.call("app.registry:slow"), "new")
    assert.eq(process.exec("app.registry:waiting", "app.lib:processes"), "new")
    assert.eq(running:response():receive():data(), "old")
    process.send(pid, "go")
    assert.eq(process.events():receive().result.value, "go old")
    registry.apply_version(before)
end

return { main = main }
