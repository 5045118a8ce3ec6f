local assert = require("assert")
local registry = require("registry")

local function main()
    local none, err = registry.get("app.registry:rde")
    assert.is_nil(none)
    assert.is_error(err, "NotFound")
    assert.is_false(err:retryable())
    assert.contains(err:message(), "did you mean 'app.registry:red'?")
    for _, bad in ipairs({ "", "red", ":red", "app:", 7, {} }) do
        local nothing, invalid = registry.get(bad)
        assert.is_nil(nothing)
        assert.is_error(invalid, "Invalid", tostring(bad))
    end
end

return { main = main }
