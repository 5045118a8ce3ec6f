local assert = require("assert")
local queue = require("queue")

local function main()
    local report = process.listen("report")
    local ok, err = queue.publish("app.queue:reported", { to = process.pid(), n = 1 }, { colour = "red", size = 3, big = true })
    assert.no_error(err)
    assert.is_true(ok)

    local seen = report:receive()
    assert.eq(seen.body.n, 1)
    assert.is_string(seen.id)
    assert.ok(#seen.id > 0)
    assert.eq(seen.colour, "red")
    assert.eq(seen.headers.size, 3)
    assert.eq(seen.headers.big, true)
    assert.is_true(seen.missing, "a header that was not published is nil")

    queue.publish("app.queue:reported", { to = process.pid() })
    local other = report:receive()
    assert.neq(other.id, seen.id)
    assert.is_nil(next(other.headers), "none were published")
    return true
end

return { main = main }
