local assert = require("assert")
local json = require("json")

local function main()
    for _, bad in ipairs({ { 1, 2, x = 3 }, { [1] = 1, [5] = 5 }, { [true] = 1 }, { [1.5] = 1 } }) do
        local text, err = json.encode(bad)
        assert.is_nil(text)
        assert.is_error(err, errors.INTERNAL)
    end
    local text, err = json.encode({ f = function() end })
    assert.is_nil(text)
    assert.is_error(err)
    return true
end

return { main = main }
