local assert = require("assert")
local registry = require("registry")

local function main()
    local changes = registry.snapshot():changes()
    assert.same(changes:ops(), {})
    assert.ok(changes:create({ id = "app.registry:a", kind = "registry.entry", data = { x = 1 } }))
    changes:update({ id = "app.registry:red", meta = {} }):delete("app.registry:blue")
    local ops = changes:ops()
    assert.eq(#ops, 3)
    assert.eq(ops[1].kind, "entry.create")
    assert.eq(ops[1].entry.id, "app.registry:a")
    assert.eq(ops[1].entry.data.x, 1)
    assert.eq(ops[2].kind, "entry.update")
    assert.eq(ops[3].kind, "entry.delete")
    assert.eq(ops[3].entry.id, "app.registry:blue")
    for _, bad in ipairs({ "red", {}, 7 }) do
        local none, err = changes:create(bad)
        assert.is_nil(none)
        assert.is_error(err, "Invalid")
    end
    local none, err = changes:delete("")
    assert.is_nil(none)
    assert.is_error(err, "Invalid")
    assert.not_nil(registry.get("app.registry:blue"), "nothing is done before apply")
end

return { main = main }
