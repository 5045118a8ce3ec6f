local assert = require("assert")
local registry = require("registry")

local function main()
    assert.eq(registry.get("app.env:store").data.max_size, "${env:PORT_VAR|3}")
    local plain = registry.get("app.env:plain")
    assert.eq(plain.data.whole, "${env:TABLE_VAR|inline}")
    assert.eq(plain.data.text, "a $${literal} and ${env:app.env:only_id}")
    return true
end

return { main = main }
