local assert = require("assert")
local registry = require("registry")
local funcs = require("funcs")

local function main()
    local before = registry.current_version()
    local changes = registry.snapshot():changes()
    changes:update({ id = "app.registry:greeting", data = { source = "return {text = 'bye'}" } })
    local after = assert(changes:apply())
    assert.eq(funcs.call("app.registry:greet", "you"), "bye you")
    assert.is_true(registry.apply_version(before))
    assert.eq(registry.current_version():id(), before:id())
    assert.eq(funcs.call("app.registry:greet", "you"), "hello you")
    assert.is_true(registry.apply_version(after:id()))
    assert.eq(funcs.call("app.registry:greet", "you"), "bye you")
    assert.is_true(registry.apply_version(before))
end

return { main = main }
