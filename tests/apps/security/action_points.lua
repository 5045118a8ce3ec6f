local assert = require("assert")
local security = require("security")
local funcs = require("funcs")

local WAITING, HOST = "app.security:waiting", "app.lib:processes"

-- verb, the actions it needs with their resources; `pid` stands for the process that it is about
local POINTS = {
    { "call", { "funcs.call", "app.security:whoami" } },
    { "async", { "funcs.call", "app.security:whoami" } },
    { "spawn", { "process.spawn", WAITING }, { "process.host", HOST } },
    { "spawn_monitored", { "process.spawn", WAITING }, { "process.spawn.monitored", WAITING }, { "process.host", HOST } },
    { "spawn_linked", { "process.spawn", WAITING }, { "process.spawn.linked", WAITING }, { "process.host", HOST } },
    { "exec", { "process.exec", "app.security:whoami_process" }, { "process.host", HOST } },
    { "send", { "process.send", "pid" } },
    { "monitor", { "process.monitor", "pid" } },
    { "unmonitor", { "process.unmonitor", "pid" } },
    { "link", { "process.link", "pid" } },
    { "unlink", { "process.unlink", "pid" } },
    { "cancel", { "process.cancel", "pid" } },
    { "terminate", { "process.terminate", "pid" } },
    { "register", { "process.registry.register", "attempted" } },
    { "register_foreign", { "process.registry.register", "foreign" }, { "process.registry.foreign", "pid" } },
    { "unregister", { "process.registry.unregister", "attempted" } },
    { "named", { "process.spawn", WAITING }, { "process.host", HOST }, { "process.registry.register", "a name" } },
    { "events_send", { "events.send", "orders" } },
    { "events_subscribe", { "events.subscribe", "orders" } },
    { "publish", { "queue.publish", "app.security:jobs" } },
    { "registry_get", { "registry.get", "app.security:waiting" } },
    { "registry_apply", { "registry.apply", "registry" } },
    { "env_get", { "env.get", "greeting" } },
    { "store_get", { "store.get", "app.security:token_values" } },
    { "policy", { "security.policy.get", "app.security:everything" } },
    { "named_scope", { "security.policy_group.get", "clerks" } },
    { "new_actor", { "security.actor.create", "user-9" } },
    { "new_scope", { "security.scope.create", "custom" } },
    { "token_store", { "security.token_store.get", "app.security:tokens" } },
}

-- What a process that runs in a scope without any policy is refused, one action after another: each refusal names the next.
local function main()
    local nobody = funcs.new():with_actor(security.new_actor("user-1")):with_scope(security.new_scope())
    local anybody = nobody:with_scope(security.new_scope({ "app.security:everything" }))
    for _, point in ipairs(POINTS) do
        local verb, first = point[1], point[2]
        local pid = assert(process.spawn(WAITING, HOST))
        local refused = nobody:call("app.security:attempt", verb, verb ~= "call" and pid or nil)
        assert.is_false(refused.ok, verb)
        assert.eq(refused.kind, "PermissionDenied", verb .. ": " .. refused.text)
        assert.contains(refused.text, first[1] .. " on '" .. (first[2] == "pid" and pid or first[2]) .. "'", verb)
        assert.contains(refused.text, "user-1", verb)
        local allowed = anybody:call("app.security:attempt", verb, verb ~= "call" and pid or nil)
        assert.is_true(allowed.ok, verb .. ": " .. tostring(allowed.text))
        process.terminate(pid)
    end
end

return { main = main }
