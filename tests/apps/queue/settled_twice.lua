local assert = require("assert")
local queue = require("queue")

local function main()
    local report = process.listen("report")
    for _, way in ipairs({ "ack", "nack" }) do
        queue.publish("app.queue:ordered", { to = process.pid(), name = way, first = way })
        local seen = report:receive()
        assert.is_true(seen.ok, way)
        assert.is_nil(seen.err)
        assert.is_nil(seen.again_ok)
        assert.is_error(seen.again, errors.INVALID)
        assert.error_contains(seen.again, "already settled")
        assert.is_nil(seen.nack_ok)
        assert.is_error(seen.nack, errors.INVALID)
    end
    assert.eq(report:receive().attempt, 2, "the one that was put back")
    return true
end

return { main = main }
