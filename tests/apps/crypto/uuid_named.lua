local assert = require("assert")
local uuid = require("uuid")

local function main()
    local dns = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
    assert.eq(uuid.v3(dns, "www.example.com"), "5df41881-3aed-3515-88a7-2f4a814cf09e")
    assert.eq(uuid.v5(dns, "www.example.com"), "2ed6657d-e927-568b-95e1-2665a8aea6a2")
    assert.eq(uuid.v5(dns, "a"), uuid.v5(dns, "a"))
    assert.neq(uuid.v5(dns, "a"), uuid.v5(dns, "b"))
    for _, v in ipairs({ "v3", "v5" }) do
        local made, err = uuid[v]("not-a-uuid", "name")
        assert.is_nil(made)
        assert.is_error(err, errors.INVALID)
        made, err = uuid[v](dns, 5)
        assert.is_nil(made)
        assert.is_error(err, errors.INVALID)
        assert.is_false(err:retryable())
    end
    return true
end

return { main = main }
