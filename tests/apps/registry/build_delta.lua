local assert = require("assert")
local registry = require("registry")

local function main()
    local old = {
        { id = "a:kept", kind = "k", data = { 1 } },
        { id = "a:changed", kind = "k", data = { 1 } },
        { id = "a:gone", kind = "k" },
    }
    local new = {
        { id = "a:new", kind = "k" },
        { id = "a:kept", kind = "k", data = { 1 } },
        { id = "a:changed", kind = "k", data = { 2 } },
    }
    local ops, err = registry.build_delta(old, new)
    assert.no_error(err)
    local shown = {}
    for _, op in ipairs(ops) do
        table.insert(shown, op.kind .. " " .. op.entry.id)
    end
    assert.eq(table.concat(shown, ", "), "entry.update a:changed, entry.create a:new, entry.delete a:gone")
    assert.same(registry.build_delta({}, {}), {})
    assert.same(registry.build_delta(old, old), {})
    assert.eq(#registry.build_delta(registry.snapshot():entries(), registry.snapshot():entries()), 0)
    local none, bad = registry.build_delta("x", {})
    assert.is_nil(none)
    assert.is_error(bad, "Invalid")
end

return { main = main }
