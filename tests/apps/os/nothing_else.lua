local assert = require("assert")
local os = require("os")

local function main()
    local known = { time = "function", date = "function", clock = "function", difftime = "function", platform = "string" }
    for name, kind in pairs(known) do assert.eq(type(os[name]), kind, name) end
    for name in pairs(os) do assert.not_nil(known[name], name) end
    for _, name in ipairs({ "execute", "exit", "getenv", "remove", "rename", "tmpname", "setlocale" }) do
        assert.is_nil(os[name], name)
    end
    assert.is_number(os.clock())
    assert.eq(os.difftime(10, 4), 6)
    assert.eq(os.platform, "wippy")
    return true
end

return { main = main }
