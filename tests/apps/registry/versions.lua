local assert = require("assert")
local registry = require("registry")

local function main()
    local first = registry.current_version()
    assert.is_number(first:id())
    assert.is_string(first:string())
    local changes = registry.snapshot():changes()
    changes:create({ id = "app.registry:v", kind = "registry.entry" })
    local second = assert(changes:apply())
    assert.gt(second:id(), first:id())
    assert.eq(second:previous():id(), first:id())
    assert.eq(registry.history():get_version(second:id()):id(), second:id())
    local versions = registry.versions()
    assert.eq(versions[1]:id(), 1)
    assert.is_nil(versions[1]:previous())
    assert.eq(versions[#versions]:id(), second:id())
    assert.eq(#registry.history():versions(), #versions)
    assert.is_nil(registry.snapshot_at(first):get("app.registry:v"))
    assert.not_nil(registry.snapshot_at(second:id()):get("app.registry:v"))
    assert.not_nil(registry.history():snapshot_at(second):get("app.registry:v"))
end

return { main = main }
