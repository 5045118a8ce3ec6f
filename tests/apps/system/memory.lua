local assert = require("assert")
local system = require("system")

local function main()
    local stats, err = system.memory.stats()
    assert.no_error(err)
    assert.gt(stats.alloc, 1000000)
    assert.gte(stats.sys, stats.alloc)
    assert.gte(stats.peak, stats.alloc)
    assert.gt(stats.heap_objects, 1000)

    assert.gt(system.memory.allocated(), 1000000)
    assert.gt(system.memory.heap_objects(), 1000)
    assert.gt(system.memory.get_limit(), 0)

    local ok, refused = system.memory.set_limit(1000000)
    assert.is_nil(ok)
    assert.is_error(refused, errors.INVALID)
    return true
end

return { main = main }
