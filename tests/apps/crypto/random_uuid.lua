local assert = require("assert")
local crypto = require("crypto")
local uuid = require("uuid")

local function main()
    local id, err = crypto.random.uuid()
    assert.no_error(err)
    assert.eq(uuid.version(id), 4)
    assert.neq(id, crypto.random.uuid())
    return true
end

return { main = main }
