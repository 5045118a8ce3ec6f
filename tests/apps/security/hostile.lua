local assert = require("assert")
local security = require("security")
local registry = require("registry")
local funcs = require("funcs")

local cycle = {}
cycle.itself = cycle
local trap = setmetatable({}, {
    __index = function() error("trapped") end,
    __tostring = function() return 7 end,
    __pairs = function() error("trapped") end,
})

local NAMES = {
    security = { "actor", "scope", "can", "policy", "named_scope", "new_scope", "new_actor", "token_store" },
    registry = { "get", "find", "snapshot_at", "apply_version", "build_delta", "parse_id" },
    actor = { "id", "meta" },
    scope = { "with", "without", "contains", "policies", "evaluate" },
    policy = { "id", "evaluate" },
    tokens = { "create", "validate", "revoke" },
    snapshot = { "get", "find", "namespace", "changes", "version" },
    version = { "id", "previous", "string" },
    changes = { "create", "update", "delete", "ops" },
    history = { "get_version", "snapshot_at" },
    executor = { "with_actor", "with_scope", "with_context" },
    spawner = { "with_actor", "with_scope", "with_context" },
}
local MODULES = { security = true, registry = true }

-- Calls everything with whatever is at hand. What is refused says so in its own words: nothing of the runtime shows.
local function main()
    local things = {
        security = security,
        registry = registry,
        actor = security.new_actor("a"),
        scope = security.new_scope({ "app.security:everything" }),
        policy = security.policy("app.security:everything"),
        tokens = security.token_store("app.security:tokens"),
        snapshot = registry.snapshot(),
        version = registry.current_version(),
        changes = registry.snapshot():changes(),
        history = registry.history(),
        executor = funcs.new(),
        spawner = process.with_context({}),
    }
    local hostile = {
        0, -1, 1e308, 0 / 0, math.mininteger, true, false, "", "x", "app.security:everything", "app.security:tokens",
        "@actor", ("z"):rep(5000), "\255\254", {}, { 1, 2, 3 }, { id = "app:x" }, { id = "app:x", kind = "registry.entry" },
        { id = {}, kind = 1 }, cycle, trap, { ["~meta.x"] = "(" }, { [1] = 2, x = 3 }, things.actor, things.scope, things.version,
    }
    local seed, calls = 1, 0
    local function any(shift)
        return hostile[(seed >> shift) % (#hostile + 1) + 1]
    end
    local function check(name, ran, ...)
        calls = calls + 1
        for i = 1, select("#", ...) do
            local text = tostring((select(i, ...)))
            for _, mark in ipairs({ "prelude", "Traceback", ".py", "lupa", "internal error" }) do
                if string.find(text, mark, 1, true) then
                    assert.fail(name .. " shows " .. mark .. ": " .. string.sub(text, 1, 300))
                end
            end
        end
        return ran
    end
    for _ = 1, 12 do
        for thing, names in pairs(NAMES) do
            for _, name in ipairs(names) do
                seed = (seed * 1103515245 + 12345) % 2147483648
                local call, self = things[thing][name], things[thing]
                if MODULES[thing] then
                    check(name, pcall(call, any(3), any(9), any(15)))
                else
                    check(name, pcall(call, self, any(3), any(9), any(15)))
                    check(name, pcall(call, any(5), any(11)))
                end
            end
        end
    end
    assert.gt(calls, 800)
    registry.apply_version(1)
end

return { main = main }
