local assert = require("assert")
local system = require("system")

local function main()
    local states = {}
    for _, line in ipairs(assert(system.supervisor.states())) do
        states[line.id] = line.status or line.state
    end
    assert.eq(states["app.trees:first"], "running")
    assert.eq(states["app.trees:in_group"], "running")
end

return { main = main }
