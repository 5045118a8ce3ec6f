local assert = require("assert")
local registry = require("registry")
local services = require("services")
local system = require("system")

local function state(name)
    return assert(system.supervisor.state("app.supervision:" .. name))
end

local function missing_dependency()
    assert.neq(state("lacking").state, "running")
    assert.error_contains(state("lacking").failure, "app.supervision:gone")
    assert.neq(state("needs_lacking").state, "running")
    assert.error_contains(state("needs_lacking").failure, "app.supervision:lacking")
    assert.eq(state("needing").state, "running", "what does not need it goes on")
end

local function failed_dependency()
    assert.eq(state("given_up").state, "exited")
    assert.eq(state("needs_given_up").state, "unknown")
    assert.error_contains(state("needs_given_up").failure, "needs app.supervision:given_up")
end

local function circle()
    local changes = registry.snapshot():changes()
    changes:create(services.service("hen", { lifecycle = { requires = { "egg" } } }))
    changes:create(services.service("egg", { lifecycle = { requires = { "hen" } } }))
    local version, err = changes:apply()
    assert.is_nil(version)
    assert.error_contains(err, "circle")
end

local function main()
    missing_dependency()
    failed_dependency()
    circle()
    return true
end

return { main = main }
