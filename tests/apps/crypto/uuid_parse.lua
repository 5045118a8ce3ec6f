local assert = require("assert")
local uuid = require("uuid")
local time = require("time")

local function main()
    local now = time.now():unix()
    local seven, err = uuid.parse(uuid.v7())
    assert.no_error(err)
    assert.eq(seven.version, 7)
    assert.eq(seven.variant, "RFC4122")
    assert.near(seven.timestamp, now, 30)
    local one = uuid.parse(uuid.v1())
    assert.eq(one.version, 1)
    assert.near(one.timestamp, now, 30)
    assert.matches(one.node, "^%x+$")
    local four = uuid.parse(uuid.v4())
    assert.is_nil(four.timestamp)
    assert.is_nil(four.node)
    assert.eq(uuid.version(uuid.v4()), 4)
    assert.eq(uuid.variant(uuid.v4()), "RFC4122")
    for _, f in ipairs({ "parse", "version", "variant" }) do
        local value, bad = uuid[f]("nonsense")
        assert.is_nil(value)
        assert.is_error(bad, errors.INVALID)
    end
    return true
end

return { main = main }
