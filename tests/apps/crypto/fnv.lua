local assert = require("assert")
local hash = require("hash")

local function main()
    assert.eq(hash.fnv32("foobar"), 0xbf9cf968)
    assert.eq(hash.fnv32("a"), 3826002220)
    assert.eq(hash.fnv64("hello world"), 0x779a65e7023cd2e7)
    assert.is_number(hash.fnv64("a"))
    assert.gt(hash.fnv64("a"), 0)
    assert.eq(hash.fnv64("a"), hash.fnv64("a"))
    assert.neq(hash.fnv64("a"), hash.fnv64("b"))
    local made, err = hash.fnv32({})
    assert.is_nil(made)
    assert.is_error(err, errors.INVALID)
    return true
end

return { main = main }
