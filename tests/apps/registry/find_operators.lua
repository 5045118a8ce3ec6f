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

    assert.eq(names({ ["~meta.color"] = "^(dark )?red$" }), "app.registry:red")
    assert.eq(names({ ["*meta.color"] = "k r" }), "app.registry:red")
    assert.eq(names({ ["^meta.color"] = "dark" }), "app.registry:red")
    assert.eq(names({ ["$meta.color"] = "ue" }), "app.registry:blue")
    assert.eq(names({ ["^.name"] = "re", type = "thing" }), "app.registry:red")
    assert.eq(names({ ["*meta.tags"] = "a" }), "app.registry:red")
    assert.eq(names({ ["meta.type"] = "*thing" }), "app.registry:blue app.registry:other.thing app.registry:red")
    assert.eq(names({ [".kind"] = "registry.*", type = "thing" }), "app.registry:blue app.registry:red")
    assert.eq(names({ [".name"] = "b?ue" }), "app.registry:blue")
    assert.eq(names({ ["meta.color"] = "~re[d]$" }), "app.registry:red")
    assert.eq(names({ ["meta.color"] = "blu" }), "", "the whole text")
end

return { main = main }
