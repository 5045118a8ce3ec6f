local assert = require("assert")
local queue = require("queue")
local time = require("time")

local function main()
    local done = channel.new(3)
    coroutine.spawn(function()
        for i = 1, 3 do
            assert.is_true(queue.publish("app.queue:narrow", i))
            done:send(i)
        end
    end)
    assert.eq(done:receive(), 1)
    assert.eq(done:receive(), 2)
    local result = channel.select({ done:case_receive(), time.after("50ms"):case_receive() })
    assert.neq(result.channel, done, "the third one waits for room")
    local info = queue.info("app.queue:narrow")
    assert.eq(info.ready, 2)
    assert.eq(info.blocked, 1)
    assert.eq(info.max_length, 2)
    return true
end

return { main = main }
