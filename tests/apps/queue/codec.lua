local assert = require("assert")
local queue = require("queue")

local function main()
    assert.is_true(queue.publish("app.queue:coded", { a = { 1, 2.5, "x", true } }))
    local ok, err = queue.publish("app.queue:coded", { bytes = "\255\254" })
    assert.is_nil(ok)
    assert.is_error(err, errors.INVALID)
    ok, err = queue.publish("app.queue:coded", { n = 0 / 0 })
    assert.is_nil(ok)
    assert.is_error(err, errors.INVALID)
    assert.eq(queue.info("app.queue:coded").ready, 1, "what was refused is not there")
    return true
end

return { main = main }
