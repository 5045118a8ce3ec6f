local assert = require("assert")
local uuid = require("uuid")

local function main()
    local id = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
    assert.eq(uuid.format(id, "standard"), id)
    assert.eq(uuid.format(id, "simple"), "6ba7b8109dad11d180b400c04fd430c8")
    assert.eq(uuid.format(id, "urn"), "urn:uuid:" .. id)
    local made, err = uuid.format(id, "short")
    assert.is_nil(made)
    assert.is_error(err, errors.INVALID)
    made, err = uuid.format("nonsense", "simple")
    assert.is_nil(made)
    assert.is_error(err, errors.INVALID)
    return true
end

return { main = main }
