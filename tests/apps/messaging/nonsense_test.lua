local assert = require("assert")
local time = require("time")

local M = {}

-- What raises, or gives nil and an error object.
local function refused(name, ...)
    local ok, value, err = pcall(process[name], ...)
    if not ok then return end
    assert.is_nil(value, name)
    assert.is_error(err, nil, name)
end

-- [2.5] [4.1] [4.2] nothing that is no receiver is taken for one
function M.receivers()
    for _, name in ipairs({ "send", "monitor", "unmonitor", "link", "unlink", "terminate", "cancel" }) do
        for _, dest in ipairs({ "", "{bad", {}, true }) do refused(name, dest, "topic") end
        refused(name, nil)
    end
    local none, err = process.send("{local@nowhere:nowhere|0x00001}", "topic", 1)
    assert.is_nil(none)
    assert.is_error(err)
end

-- [2.9] what a message may be made of
function M.payloads()
    local none, err = process.send(process.pid(), "text", function() end)
    assert.is_nil(none)
    assert.is_error(err, errors.INVALID)
    local inbox = process.inbox()
    assert.is_true(process.send(process.pid(), "channel", channel.new()))
    assert.is_nil(inbox:receive():payload():data(), "one value, which is nil there")
    process.send(process.pid(), "false", false)
    assert.is_false(inbox:receive():payload():data())
    process.send(process.pid(), "table", { approved = true, topic = "shadowed" })
    local message = inbox:receive()
    assert.is_true(message.approved)
    assert.is_nil(message.other)
    assert.eq(message:topic(), "table", "methods come before fields")
    process.send(process.pid(), "many", 1, nil, 3)
    local payloads = inbox:receive():payload()
    assert.eq(payloads[1]:data(), 1)
    assert.eq(payloads[3]:data(), 3)
end

-- [2.24] a thousand messages of one sender, in order
function M.thousand_in_order()
    local numbers = process.listen("numbers")
    for i = 1, 1000 do assert.is_true(process.send(process.pid(), "numbers", i)) end
    for i = 1, 1000 do assert.eq(numbers:receive(), i) end
    assert.is_true(process.unlisten(numbers))
    local nobody = channel.select({ process.inbox():case_receive(), time.after("1ms"):case_receive() })
    assert.neq(nobody.channel, process.inbox())
end

return M
