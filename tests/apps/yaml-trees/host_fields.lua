local assert = require("assert")

local function main()
    local pid = assert(process.spawn_monitored("app.trees:returns_arguments", "app.trees:host", "x"))
    assert.same(process.events():receive().result.value, { "x" })
    assert.contains(pid, "@app.trees:host|")
end

return { main = main }
