local assert = require("assert")
local queue = require("queue")

local function main()
    local before = queue.info("app.queue:idle")
    assert.eq(before.id, "app.queue:idle")
    assert.eq(before.driver, "app.queue:driver")
    assert.eq(before.consumers, 0)
    assert.eq(before.max_length, 1000, "the default")
    queue.publish("app.queue:idle", "x")
    local after = queue.info("app.queue:idle")
    assert.eq(after.messages, before.messages + 1)
    assert.eq(after.ready, before.ready + 1)
    assert.eq(after.in_flight, 0)
    assert.eq(queue.info("app.queue:reported").consumers, 1)
    return true
end

return { main = main }
