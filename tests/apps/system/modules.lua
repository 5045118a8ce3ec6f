local assert = require("assert")
local system = require("system")

local function main()
    local modules, err = system.modules()
    assert.no_error(err)
    local names = {}
    for i, module in ipairs(modules) do
        names[i] = module.name
    end
    for _, name in ipairs({ "events", "json", "pg", "process", "queue", "system", "time" }) do
        assert.contains(names, name)
    end
    assert.throws(function() system.memory.stats = nil end)
    return true
end

return { main = main }
