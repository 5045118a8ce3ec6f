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
    assert.eq(all.FILE_VAR_TOO, "not there")
    assert.is_nil(all.HOME, "only what is declared")
    assert.is_nil(all.UNSOUND_VAR, "its storage is broken, which hides nothing of the others")
    local value, why = env.get("UNSOUND_VAR")
    assert.is_nil(value)
    assert.error_contains(why, "app.env:unsound")
    return true
end

return { main = main }
