local assert = require("assert")
local env = require("env")

local function main()
    assert.eq(env.get("FROM_SYSTEM"), env.get("PATH"))
    return true
end

return { main = main }
