local assert = require("assert")
local ctx = require("ctx")

local function main()
    local all, err = ctx.all()
    assert.no_error(err)
    assert.is_table(all)
    assert.is_nil(next(all), "no values were given")
    return true
end

return { main = main }
