local assert = require("assert")
local queue = require("queue")

local function main()
    local report = process.listen("report")
    queue.publish("app.queue:nested", { to = process.pid() })
    local seen = report:receive()
    assert.no_error(seen.err)
    assert.is_string(seen.mine)
    assert.eq(seen.others, errors.INVALID)
    return true
end

return { main = main }
