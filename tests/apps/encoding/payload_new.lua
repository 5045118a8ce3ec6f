local assert = require("assert")
local payload = require("payload")

local function main()
    for _, value in ipairs({ "text", 5, 1.5, true, { a = 1 } }) do
        local p = payload.new(value)
        assert.is_userdata(p)
        assert.is_function(p.data)
        assert.same(p:data(), value)
        assert.same(p:unmarshal(), value)
        assert.eq(p:get_format(), payload.format.LUA)
    end
    assert.is_nil(payload.new(nil):data())
    assert.eq(payload.new(errors.new("no")):get_format(), payload.format.ERROR)
    return true
end

return { main = main }
