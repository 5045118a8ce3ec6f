local assert = require("assert")
local queue = require("queue")

local function main()
    local report = process.listen("report")
    local sent = {
        to = process.pid(), whole = 2 ^ 53 // 1 | 0, part = 0.5, yes = true, no = false, text = "grün",
        list = { 1, 2, { "deep" } }, map = { a = { b = { c = 1 } } },
    }
    queue.publish("app.queue:reported", sent)
    sent.text = "changed after"
    local got = report:receive().body
    assert.eq(got.text, "grün", "a copy")
    assert.eq(math.type(got.whole), "integer")
    assert.eq(got.whole, 2 ^ 53 // 1 | 0)
    assert.eq(got.part, 0.5)
    assert.eq(got.yes, true)
    assert.eq(got.no, false)
    assert.same(got.list, { 1, 2, { "deep" } })
    assert.same(got.map, { a = { b = { c = 1 } } })
    return true
end

return { main = main }
