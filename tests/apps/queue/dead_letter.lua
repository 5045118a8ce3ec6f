local assert = require("assert")
local queue = require("queue")

local function main()
    local report = process.listen("report")
    queue.publish("app.queue:poisoned", { to = process.pid(), name = "p", first = "raise", times = 99 }, { colour = "black" })
    for attempt = 1, 3 do
        assert.eq(report:receive().attempt, attempt)
    end
    local letter = report:receive()
    assert.eq(letter.body.name, "p")
    assert.eq(letter.colour, "black", "its own headers")
    assert.eq(letter.headers["dead_letter.queue"], "app.queue:poisoned")
    assert.eq(letter.headers["dead_letter.attempts"], 3)
    assert.eq(type(letter.headers["dead_letter.error"]), "string", "what its handler died of")

    queue.publish("app.queue:poisoned", { to = process.pid(), name = "q", first = "raise", times = 2 })
    for attempt = 1, 3 do
        assert.eq(report:receive().attempt, attempt, "the last attempt succeeds")
    end
    assert.eq(queue.info("app.queue:poisoned").ready, 0)
    return true
end

return { main = main }
