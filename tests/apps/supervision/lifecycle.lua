local assert = require("assert")
local system = require("system")

local function state(name)
    return assert(system.supervisor.state("app.supervision:" .. name))
end

local function main()
    assert.eq(state("resting").state, "unknown", "auto_start is false by default")
    assert.eq(state("needed").state, "running", "needed by one that starts")
    assert.eq(state("older").state, "running", "depends_on counts as well")
    assert.eq(state("needing").state, "running")
    assert.eq(state("zeros").state, "running", "a written zero means the default")
    local hopeless = state("hopeless")
    assert.ok(hopeless.state == "failed" or hopeless.state == "starting", "an optional one goes on trying")
    assert.eq(state("needs_hopeless").state, "running", "and holds nobody up")
    return true
end

return { main = main }
