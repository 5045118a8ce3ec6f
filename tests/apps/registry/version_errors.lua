local assert = require("assert")
local registry = require("registry")

local function main()
    for _, call in ipairs({ registry.snapshot_at, registry.apply_version }) do
        local none, err = call(999999)
        assert.is_nil(none)
        assert.is_error(err, "NotFound")
        local nothing, bad = call("one")
        assert.is_nil(nothing)
        assert.is_error(bad, "Invalid")
    end
    local none, err = registry.history():get_version(999999)
    assert.is_nil(none)
    assert.is_error(err, "NotFound")
end

return { main = main }
