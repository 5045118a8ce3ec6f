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

    assert.eq(names({ ["meta.type"] = "thing" }), "app.registry:blue app.registry:red")
    assert.eq(names({ type = "thing" }), "app.registry:blue app.registry:red")
    assert.eq(names({ type = "thing", ["meta.weight"] = 4 }), "app.registry:blue")
    assert.eq(names({ ["meta.tags"] = "a" }), "app.registry:red", "an item of a list")
    assert.eq(names({ ["meta.nested.deep"] = "x" }), "app.registry:red")
    assert.eq(names({ ["meta.dotted.key"] = "y" }), "app.registry:other.thing")
    assert.eq(names({ ["meta.flag"] = true }), "app.registry:red")
    assert.eq(names({ ["meta.flag"] = 1 }), "")
    assert.eq(names({ ["meta.color"] = { "blue", "green" } }), "app.registry:blue", "one of several")
    assert.eq(names({ ["data.inner.value"] = 7 }), "app.registry:blue")
end

return { main = main }
