-- Makes services while the node runs, and reads what they do off the event bus.
local events = require("events")
local registry = require("registry")
local time = require("time")

local M = {}

function M.service(name, fields)
    local data = { process = "app.supervision:waiting", host = "app.lib:processes" }
    for key, value in pairs(fields or {}) do data[key] = value end
    data.lifecycle = data.lifecycle or {}
    if data.lifecycle.auto_start == nil then data.lifecycle.auto_start = true end
    return { id = "app.supervision:" .. name, kind = "process.service", data = data }
end

-- Creates entries; returns a watch of what happens from then on.
function M.create(entries)
    local watch = { sub = assert(events.subscribe("supervisor", "service.update")), before = registry.current_version() }
    local changes = registry.snapshot():changes()
    for _, entry in ipairs(entries) do changes:create(entry) end
    assert(changes:apply())
    return watch
end

-- Returns the next event about one of `names` (any of ours without them), or nil after `within`.
function M.next(watch, names, within)
    local deadline = time.after(within or "30s")
    while true do
        local result = channel.select({ watch.sub:channel():case_receive(), deadline:case_receive() })
        if result.channel ~= watch.sub:channel() then return nil end
        local name = result.value.path:match("^app%.supervision:(.*)$")
        if name and (not names or names[name]) then
            result.value.data.name = name
            return result.value.data
        end
    end
end

-- Returns the events of one service up to the one that is in `state`, in its n-th run if that is given.
function M.until_state(watch, name, state, run)
    local seen = {}
    while true do
        local data = M.next(watch, { [name] = true })
        if not data then error(name .. " never came into state " .. state .. "; events seen: " .. #seen, 2) end
        seen[#seen + 1] = data
        if data.state == state and (not run or data.run == run) then return data, seen end
    end
end

-- Takes back what was created.
function M.remove(watch)
    assert(registry.apply_version(watch.before))
    watch.sub:close()
end

return M
