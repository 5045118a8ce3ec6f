local assert = require("assert")
local time = require("time")

local HOST = "app.links:host"
local M = {}

-- [3.4] a ring of 50 processes, none of which waits for another's end
function M.ring()
    local counts = process.listen("count")
    local first = assert(process.spawn("app.links:topology_ring", HOST, 49, process.pid()))
    process.send(first, "count", 0)
    assert.eq(counts:receive(), 50)
end

-- [4.11] a failure goes along all links of a chain
function M.chain()
    local alive, events = process.listen("alive"), process.events()
    local first = assert(process.spawn_monitored("app.links:topology_chain", HOST, 20, process.pid()))
    local pids = {}
    for i = 1, 21 do pids[i] = alive:receive() end
    local event = events:receive()
    assert.eq(event.from, first)
    assert.error_contains(event.result.error, "linked process failed")
    for _, pid in ipairs(pids) do
        local none, err = process.send(pid, "anything")
        assert.is_nil(none)
        assert.is_error(err, errors.NOT_FOUND)
    end
end

-- [4.13] the middle of a star gets an EXIT of each, and a LINK_DOWN of those that failed
function M.star()
    local kinds, err = process.exec("app.links:topology_star", HOST, 20)
    assert.no_error(err)
    assert.same(kinds, { ["pid.exit"] = 20, ["pid.link.down"] = 10 })
end

-- [4.6] two hundred ends are told once each
function M.many_ends()
    local events, waited, sum = process.events(), {}, 0
    for i = 1, 200 do waited[assert(process.spawn_monitored("app.links:topology_point", HOST, 2 * i - 1))] = true end
    for _ = 1, 200 do
        local event = events:receive()
        assert.is_true(waited[event.from])
        waited[event.from] = nil
        sum = sum + event.result.value
    end
    assert.is_nil(next(waited))
    assert.eq(sum, 40000)
    local result = channel.select({ events:case_receive(), time.after("1ms"):case_receive() })
    assert.neq(result.channel, events)
end

return M
