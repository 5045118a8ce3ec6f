local assert = require("assert")
local registry = require("registry")

local function main()
    local function names(filter)
        local entries, err = registry.find(filter)
        assert.no_error(err)
        local found = {}
        for _, entry in ipairs(entries) do
            table.insert(found, entry.id)
        end
        return table.concat(found, " ")
    end

    assert.eq(names({ [".kind"] = "registry.thing" }), "app.registry:other.thing")
    assert.eq(names({ kind = "registry.thing" }), "app.registry:other.thing")
    assert.eq(names({ [".name"] = "red", [".ns"] = "app.registry" }), "app.registry:red")
    assert.eq(names({ name = "assert", ns = "app.lib" }), "app.lib:assert")
    assert.eq(names({ [".id"] = "app.registry:blue" }), "app.registry:blue")
    assert.eq(names({ [".namespace"] = "app.lib", [".kind"] = "process.host" }), "app.lib:processes")
    assert.eq(names({ [".kind"] = "no.such" }), "")
    assert.gt(#registry.find({}), 20)
    assert.eq(#registry.find(), #registry.find({}))
end

return { main = main }
