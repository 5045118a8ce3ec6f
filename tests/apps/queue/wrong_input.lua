local assert = require("assert")
local queue = require("queue")

local function refused(kind, value, err)
    assert.is_nil(value)
    assert.is_error(err, kind)
    assert.is_false(err:retryable())
end

local function main()
    refused(errors.NOT_FOUND, queue.publish("app.queue:nowhere", 1))
    refused(errors.INVALID, queue.publish("app.queue:driver", 1))
    refused(errors.INVALID, queue.publish("", 1))
    refused(errors.INVALID, queue.publish(nil, 1))
    refused(errors.INVALID, queue.publish("app.queue:idle", 1, "headers"))
    refused(errors.INVALID, queue.publish("app.queue:idle", 1, { list = { 1 } }))
    refused(errors.INVALID, queue.publish("app.queue:idle", function() end))
    refused(errors.NOT_FOUND, queue.info("app.queue:nowhere"))
    refused(errors.INVALID, queue.info("app.lib:processes"))
    return true
end

return { main = main }
