local assert = require("assert")
local security = require("security")

local function main()
    assert.is_nil(security.actor())
    assert.is_nil(security.scope())
    assert.is_true(security.can("anything", "at:all"))
end

return { main = main }
