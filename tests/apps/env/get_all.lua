local assert = require("assert")
local env = require("env")

local function main()
    local all, err = env.get_all()
    assert.is_nil(err)
    assert.eq(all.FILE_VAR, "from a file")
    assert.eq(all.FIXED_VAR, "fixed")
    assert.eq(all.PORT_VAR, "5433")
    assert.eq(all["app.env:only_id"], "by id")
    assert.is_nil(all.UNSET_VAR)
    assert.is_nil(all.HOME, "only what is declared")
    return true
end

return { main = main }
