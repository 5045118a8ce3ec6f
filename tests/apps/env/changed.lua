local assert = require("assert")
local env = require("env")
local registry = require("registry")
local store = require("store")
local time = require("time")

local function main()
    assert.is_true(env.set("KEPT_VAR", "set before"))
    local changes = registry.snapshot():changes()
    changes:create({ id = "app.env:late", kind = "env.variable", meta = {}, data = { variable = "LATE_VAR", storage = "app.env:memory", default = 21 } })
    local _, err = changes:apply()
    assert.is_nil(err)
    assert.eq(env.get("LATE_VAR"), "21")
    assert.eq(env.get("KEPT_VAR"), "set before", "storages keep what was set")

    changes = registry.snapshot():changes()
    changes:create({ id = "app.env:late_store", kind = "store.memory", meta = {},
        data = { max_size = "${env:LATE_VAR|1}", lifecycle = { auto_start = true } } })
    _, err = changes:apply()
    assert.is_nil(err)
    local late
    for _ = 1, 100 do
        late = store.get("app.env:late_store")
        if late then break end
        time.sleep("10ms")
    end
    assert.eq(late:info().max_size, 21)

    changes = registry.snapshot():changes()
    changes:delete("app.env:late_store")
    changes:delete("app.env:late")
    _, err = changes:apply()
    assert.is_nil(err)
    _, err = env.get("LATE_VAR")
    assert.is_error(err, errors.NOT_FOUND)
    return true
end

return { main = main }
