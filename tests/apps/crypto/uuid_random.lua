local assert = require("assert")
local uuid = require("uuid")

local function main()
    for _, v in ipairs({ "v1", "v4", "v7" }) do
        local one, err = uuid[v]()
        assert.no_error(err)
        local two = uuid[v]()
        assert.neq(one, two)
        assert.is_true(uuid.validate(one), one)
        assert.eq(uuid.version(one), tonumber(string.sub(v, 2)))
    end
    local before = uuid.v7()
    local time_part = string.sub(before, 1, 13)
    assert.lte(time_part, string.sub(uuid.v7(), 1, 13))
    return true
end

return { main = main }
