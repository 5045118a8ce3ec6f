local assert = require("assert")
local queue = require("queue")

local function main()
    local report = process.listen("report")
    queue.publish("app.queue:kept", { to = process.pid() })
    queue.publish("app.queue:kept", { to = process.pid() })
    assert.is_false(report:receive().held)
    local seen = report:receive()
    assert.is_true(seen.held, "the state of the function was used again")
    assert.is_string(seen.id, "what was read stays readable")
    assert.is_nil(seen.ok)
    assert.is_error(seen.err, errors.INVALID)
    assert.error_contains(seen.err, "released")
    assert.is_nil(seen.nack_ok)
    assert.is_error(seen.nack, errors.INVALID)
    return true
end

return { main = main }
