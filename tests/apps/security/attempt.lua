local security = require("security")
local funcs = require("funcs")
local events = require("events")
local queue = require("queue")
local registry = require("registry")
local env = require("env")
local store = require("store")

local HOST = "app.lib:processes"
local WAITING = "app.security:waiting"

-- Each does one thing, and returns what a call of the API returns: a value, or nil and an error.
local verbs = {
    call = function(target) return funcs.call(target or "app.security:whoami") end,
    async = function() return funcs.async("app.security:whoami") end,
    spawn = function() return process.spawn(WAITING, HOST) end,
    spawn_monitored = function() return process.spawn_monitored(WAITING, HOST) end,
    spawn_linked = function() return process.spawn_linked(WAITING, HOST) end,
    exec = function() return process.exec("app.security:whoami_process", HOST) end,
    send = function(pid) return process.send(pid, "go") end,
    terminate = function(pid) return process.terminate(pid) end,
    cancel = function(pid) return process.cancel(pid) end,
    monitor = function(pid) return process.monitor(pid) end,
    unmonitor = function(pid) return process.unmonitor(pid) end,
    link = function(pid) return process.link(pid) end,
    unlink = function(pid) return process.unlink(pid) end,
    register = function() return process.registry.register("attempted") end,
    register_foreign = function(pid) return process.registry.register("foreign", pid) end,
    unregister = function()
        local freed, err = process.registry.unregister("attempted")
        return freed ~= nil, err
    end,
    named = function() return process.with_name("a name"):spawn(WAITING, HOST) end,
    events_send = function() return events.send("orders", "created", "1") end,
    events_subscribe = function() return events.subscribe("orders") end,
    publish = function() return queue.publish("app.security:jobs", 1) end,
    registry_get = function() return registry.get("app.security:waiting") end,
    registry_apply = function()
        local changes = registry.snapshot():changes()
        changes:update({ id = "app.security:secret", meta = { tried = true } })
        return changes:apply()
    end,
    env_get = function() return env.get("greeting") end,
    store_get = function() return store.get("app.security:token_values") end,
    store_set = function() return store.get("app.security:token_values"):set("key", 1) end,
    can = function(action, resource, meta)
        local ok = security.can(action, resource, meta)
        return { ok }
    end,
    policy = function() return security.policy("app.security:everything") end,
    named_scope = function() return security.named_scope("clerks") end,
    new_actor = function() return security.new_actor("user-9") end,
    new_scope = function() return security.new_scope() end,
    token_store = function() return security.token_store("app.security:tokens") end,
    upgrade = function() return process.upgrade("app.security:whoami_process") end,
    spawn_context = function() return process.with_context({ a = 1 }):spawn(WAITING, HOST) end,
    spawn_actor = function() return process.with_actor(security.actor()):spawn(WAITING, HOST) end,
    call_context = function() return funcs.new():with_context({ a = 1 }):call("app.security:whoami") end,
    call_scope = function() return funcs.new():with_scope(security.scope()):call("app.security:whoami") end,
    call_options = function()
        return funcs.new():with_options({ context = { ["@actor"] = { id = "root" } } }):call("app.security:whoami")
    end,
}

local function main(verb, ...)
    local ran, value, err = pcall(verbs[verb], ...)
    if not ran then err = value end
    if err ~= nil then
        return {
            ok = false,
            raised = not ran,
            kind = type(err) == "userdata" and err:kind() or type(err),
            text = tostring(err),
            retryable = type(err) == "userdata" and err:retryable(),
        }
    end
    return { ok = true, value = type(value) == "table" and value[1] }
end

return { main = main }
