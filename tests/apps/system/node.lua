local assert = require("assert")
local system = require("system")

local function main()
    assert.gt(system.process.pid(), 1)
    assert.eq(math.type(system.process.pid()), "integer")
    assert.ok(#system.process.hostname() > 0)

    local hosts, err = system.process.hosts()
    assert.no_error(err)
    local found
    for _, host in ipairs(hosts) do
        if host.id == "app.lib:processes" then found = host end
    end
    assert.not_nil(found)
    assert.gte(found.processes, 1, "the service's process")
    return true
end

return { main = main }
