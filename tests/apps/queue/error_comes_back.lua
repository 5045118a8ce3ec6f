local assert = require("assert")
local queue = require("queue")

local function main()
    local report = process.listen("report")
    for _, way in ipairs({ "raise", "fail" }) do
        queue.publish("app.queue:ordered", { to = process.pid(), name = "bad", first = way, times = 2 })
        queue.publish("app.queue:ordered", { to = process.pid(), name = "good" })
        local order, ids = {}, {}
        for i = 1, 4 do
            local seen = report:receive()
            order[i] = seen.name .. seen.attempt
            ids[seen.name] = ids[seen.name] or seen.id
            assert.eq(seen.id, ids[seen.name], "the same message")
        end
        assert.eq(table.concat(order, " "), "bad1 good1 bad2 bad3", way)
    end
    return true
end

return { main = main }
