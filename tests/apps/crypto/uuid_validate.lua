local assert = require("assert")
local uuid = require("uuid")

local function main()
    assert.is_true(uuid.validate("6ba7b810-9dad-11d1-80b4-00c04fd430c8"))
    assert.is_true(uuid.validate("6BA7B810-9DAD-11D1-80B4-00C04FD430C8"))
    assert.is_true(uuid.validate("urn:uuid:6ba7b810-9dad-11d1-80b4-00c04fd430c8"))
    for _, bad in ipairs({ "", "x", "6ba7b810-9dad-11d1-80b4", "6ba7b810-9dad-11d1-80b4-00c04fd430cg", 5, true, {} }) do
        assert.is_false(uuid.validate(bad))
    end
    assert.is_false(uuid.validate(nil))
    return true
end

return { main = main }
