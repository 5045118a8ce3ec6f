local assert = require("assert")
local system = require("system")

local function main()
    for _, code in ipairs({ -1, 256, 1.5, "1", true }) do
        local ok, err = system.exit(code)
        assert.is_nil(ok)
        assert.is_error(err, errors.INVALID)
    end
    return true
end

return { main = main }
