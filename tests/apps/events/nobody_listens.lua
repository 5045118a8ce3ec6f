local assert = require("assert")
local events = require("events")

local function main()
    for i = 1, 1000 do
        local ok, err = events.send("void", "k", "/" .. i)
        assert.no_error(err)
        assert.is_true(ok)
    end
    return true
end

return { main = main }
