local assert = require("assert")
local registry = require("registry")
local funcs = require("funcs")

local function main()
    local function apply(verb, entry)
        local changes = registry.snapshot():changes()
        changes[verb](changes, entry)
        return assert(changes:apply())
    end
    apply("create", {
        id = "app.registry:double",
        kind = "function.lua",
        data = { source = "return function(n) return n * 2 end" },
    })
    assert.eq(funcs.call("app.registry:double", 21), 42)
    apply("update", { id = "app.registry:double", kind = "function.lua", data = { source = "return function(n) return n * 3 end" } })
    assert.eq(funcs.call("app.registry:double", 21), 63)
    apply("delete", "app.registry:double")
    local none, err = funcs.call("app.registry:double", 21)
    assert.is_nil(none)
    assert.is_error(err, "NotFound")

    assert.eq(funcs.call("app.registry:greet", "you"), "hello you")
    local before = registry.current_version()
    apply("update", { id = "app.registry:greeting", data = { source = "return {text = 'good day'}" } })
    assert.eq(funcs.call("app.registry:greet", "you"), "good day you")
    registry.apply_version(before)
end

return { main = main }
