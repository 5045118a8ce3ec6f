local assert = require("assert")
local system = require("system")

local function main()
    local states, err = system.supervisor.states()
    assert.no_error(err)
    local by_id = {}
    for _, state in ipairs(states) do
        by_id[state.id] = state
    end
    assert.eq(by_id["app.system:service"].state, "running")
    assert.eq(by_id["app.lib:processes"].status, "running")
    assert.eq(by_id["app.system:resting"].state, "unknown")

    local one = system.supervisor.state("app.system:service")
    assert.eq(one.id, "app.system:service")
    assert.eq(one.state, "running")
    assert.eq(one.retry_count, 0)
    assert.gt(one.last_update, 0)

    local none, missing = system.supervisor.state("app.system:servic")
    assert.is_nil(none)
    assert.is_error(missing, errors.NOT_FOUND)
    assert.error_contains(missing, "did you mean")
    none, missing = system.supervisor.state("")
    assert.is_nil(none)
    assert.is_error(missing, errors.INVALID)
    return true
end

return { main = main }
