local assert = require("assert")
local queue = require("queue")

local function main()
    local report = process.listen("report")
    for i = 1, 50 do
        queue.publish("app.queue:reported", { to = process.pid(), n = i })
    end
    for i = 1, 50 do
        assert.eq(report:receive().body.n, i)
    end
    return true
end

return { main = main }
