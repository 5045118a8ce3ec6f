local time = require("time")

local HOST = "app.links:host"
local M = {}

-- Passes a number on to the next one of a ring, one more each time; the last one tells the parent.
function M.ring(left, parent)
    local inbox = process.inbox()
    local following = left > 0 and assert(process.spawn("app.links:topology_ring", HOST, left - 1, parent))
    local count = inbox:receive():payload():data() + 1
    process.send(following or parent, "count", count)
end

-- A chain of links; the last one fails.
function M.chain(left, parent)
    process.send(parent, "alive", process.pid())
    if left == 0 then
        time.sleep("5ms")
        error("the last one fails")
    end
    assert(process.spawn_linked("app.links:topology_chain", HOST, left - 1, parent))
    process.inbox():receive()
end

-- The middle of a star: counts the ends of its points, some of which fail.
function M.star(points)
    process.set_options({ trap_links = true })
    local kinds, events = {}, process.events()
    for i = 1, points do assert(process.spawn_linked_monitored("app.links:topology_point", HOST, i)) end
    for _ = 1, points + points // 2 do
        local event = events:receive()
        kinds[event.kind] = (kinds[event.kind] or 0) + 1
    end
    return kinds
end

function M.point(i)
    if i % 2 == 0 then error("point " .. i) end
    return i
end

return M
