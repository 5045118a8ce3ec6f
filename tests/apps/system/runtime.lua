local assert = require("assert")
local system = require("system")

local function main()
    assert.gt(system.runtime.goroutines(), 0)
    assert.gt(system.runtime.cpu_count(), 0)
    local usable = system.runtime.max_procs()
    assert.gt(usable, 0)
    assert.lte(usable, system.runtime.cpu_count())
    assert.eq(system.runtime.max_procs(0), usable, "0 asks")
    assert.eq(system.runtime.max_procs(usable), usable)
    local value, err = system.runtime.max_procs(usable + 1)
    assert.is_nil(value)
    assert.is_error(err, errors.INVALID)
    return true
end

return { main = main }
