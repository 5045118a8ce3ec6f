local assert = require("assert")
local time = require("time")

local M = {}

-- [6.1] Without a size, or with a negative one, a channel has no buffer
function M.sizes()
    for _, size in ipairs({ 0, -3 }) do
        local ch = channel.new(size)
        local sent = false
        coroutine.spawn(function()
            ch:send(1)
            sent = true
        end)
        assert.is_false(sent, "nobody has received yet")
        assert.eq(ch:receive(), 1)
    end
    local ch = channel.new()
    local result = channel.select({ ch:case_send(1), default = true })
    assert.is_true(result.default)
end

-- [6.1] A size that is no whole number raises
function M.bad_sizes()
    assert.throws(function() channel.new("many") end, "channel.new")
    assert.throws(function() channel.new({}) end, "channel.new")
end

-- [6.1] The methods of a channel are functions, the channel itself is userdata
function M.is_userdata()
    local ch = channel.new(1)
    assert.is_userdata(ch)
    for _, name in ipairs({ "send", "receive", "close", "case_send", "case_receive" }) do
        assert.is_function(ch[name], name)
    end
end

-- [6.1] Receiving in a loop ends when the channel is closed and drained
function M.receive_loop()
    local ch = channel.new(3)
    ch:send("a")
    ch:send("b")
    ch:close()
    local seen = {}
    while true do
        local v, ok = ch:receive()
        if not ok then break end
        seen[#seen + 1] = v
    end
    assert.same(seen, { "a", "b" })
end

-- [6.1] ch:iter() ends when the channel is closed
function M.iter()
    local ch = channel.new(2)
    coroutine.spawn(function()
        for i = 1, 4 do ch:send(i) end
        ch:close()
    end)
    local sum = 0
    for v in ch:iter() do sum = sum + v end
    assert.eq(sum, 10)
end

-- [6.2] send returns true
function M.send_returns_true()
    local ch = channel.new(1)
    local ok, err = ch:send("x")
    assert.is_true(ok)
    assert.is_nil(err)
end

-- [6.2] A buffer takes as many values as it has room for; the next send blocks until one is received
function M.buffer_bounds()
    local ch = channel.new(2)
    local steps = {}
    coroutine.spawn(function()
        for i = 1, 4 do
            ch:send(i)
            steps[#steps + 1] = i
        end
    end)
    assert.same(steps, { 1, 2 })
    assert.eq(ch:receive(), 1)
    assert.eq(ch:receive(), 2)
    assert.eq(ch:receive(), 3)
    assert.eq(ch:receive(), 4)
    time.sleep("1ms")
    assert.same(steps, { 1, 2, 3, 4 })
end

-- [6.2] Sending on a closed channel raises
function M.send_on_closed()
    local ch = channel.new(1)
    ch:close()
    local ok, err = pcall(function() ch:send(1) end)
    assert.is_false(ok)
    assert.error_contains(err, "send on closed channel")
end

-- [6.2] A sender that is blocked when the channel is closed gets nil and an error, and is not raised at
function M.closed_while_sending()
    local ch = channel.new()
    local done = channel.new(1)
    coroutine.spawn(function()
        local ok, err = ch:send("x")
        done:send({ ok = ok, err = err })
    end)
    ch:close()
    local got = done:receive()
    assert.is_nil(got.ok)
    assert.is_error(got.err)
    assert.error_contains(got.err, "closed")
end

-- [6.3] receive returns the value and true
function M.receive_returns()
    local ch = channel.new(1)
    ch:send({ n = 1 })
    local v, ok = ch:receive()
    assert.eq(v.n, 1)
    assert.is_true(ok)
end

-- [6.3] Closed and drained: nil and false, as often as asked
function M.receive_closed()
    local ch = channel.new()
    ch:close()
    for _ = 1, 3 do
        local v, ok = ch:receive()
        assert.is_nil(v)
        assert.is_false(ok)
    end
end

-- [6.3] Buffered values survive the close
function M.buffer_survives_close()
    local ch = channel.new(2)
    ch:send(1)
    ch:send(2)
    ch:close()
    assert.eq(ch:receive(), 1)
    assert.eq(ch:receive(), 2)
    local v, ok = ch:receive()
    assert.is_nil(v)
    assert.is_false(ok)
end

-- [6.3] nil is a legal value: nil and true
function M.nil_is_a_value()
    local ch = channel.new(2)
    ch:send(nil)
    ch:send()
    for _ = 1, 2 do
        local v, ok = ch:receive()
        assert.is_nil(v)
        assert.is_true(ok)
    end
end

-- [6.3] Values stay what they are: tables are not copied, functions and channels pass
function M.values_stay()
    local ch = channel.new(3)
    local t = { 1 }
    local f = function() return 42 end
    ch:send(t)
    ch:send(f)
    ch:send(ch)
    assert.ok(rawequal(ch:receive(), t))
    assert.eq(ch:receive()(), 42)
    assert.eq(ch:receive(), ch)
end

-- [6.4] Closing twice does nothing
function M.close_twice()
    local ch = channel.new()
    ch:close()
    assert.not_throws(function() ch:close() end)
end

-- [6.4] Closing wakes all that receive, with nil and false
function M.close_wakes()
    local ch = channel.new()
    local woken = channel.new(3)
    for i = 1, 3 do
        coroutine.spawn(function()
            local v, ok = ch:receive()
            woken:send({ i = i, v = v, ok = ok })
        end)
    end
    ch:close()
    for i = 1, 3 do
        local got = woken:receive()
        assert.eq(got.i, i, "in the order of waiting")
        assert.is_nil(got.v)
        assert.is_false(got.ok)
    end
end

-- [6.5] Receivers that wait are served in the order of their waiting
function M.receivers_fifo()
    local ch = channel.new()
    local seen = {}
    for i = 1, 3 do
        coroutine.spawn(function()
            local v = ch:receive()
            seen[#seen + 1] = i .. v
        end)
    end
    ch:send("a")
    ch:send("b")
    ch:send("c")
    time.sleep("1ms")
    assert.same(seen, { "1a", "2b", "3c" })
end

-- [6.5] Senders that wait are taken in the order of their waiting
function M.senders_fifo()
    local ch = channel.new()
    for i = 1, 3 do
        coroutine.spawn(function() ch:send(i) end)
    end
    assert.eq(ch:receive(), 1)
    assert.eq(ch:receive(), 2)
    assert.eq(ch:receive(), 3)
end

-- [6.5] The value of a blocked sender refills the slot that a receive has freed, behind what is buffered
function M.refill()
    local ch = channel.new(1)
    ch:send(1)
    local sent = false
    coroutine.spawn(function()
        ch:send(2)
        sent = true
    end)
    assert.is_false(sent)
    assert.eq(ch:receive(), 1)
    local result = channel.select({ ch:case_receive(), default = true })
    assert.is_nil(result.default, "the slot was refilled at once")
    assert.eq(result.value, 2)
    time.sleep("1ms")
    assert.is_true(sent)
end

-- [6.8] Channels do not cross to other processes: the value is nil there
function M.not_sent_to_others()
    local inbox = process.inbox()
    local ok, err = process.send(process.pid(), "box", { ch = channel.new(1), n = 1 })
    assert.no_error(err)
    local msg = inbox:receive()
    local data = msg:payload():data()
    assert.eq(data.n, 1)
    assert.is_nil(data.ch)
end

-- [6.9] The same channel is the same object: as a result, as a key, by ==
function M.identity()
    local a, b = channel.new(1), channel.new(1)
    a:send(1)
    local result = channel.select({ b:case_receive(), a:case_receive() })
    assert.eq(result.channel, a)
    assert.neq(result.channel, b)
    local names = { [a] = "a", [b] = "b" }
    assert.eq(names[result.channel], "a")
    assert.eq(process.inbox(), process.inbox())
    assert.eq(process.events(), process.events())
    assert.eq(process.listen("x"), process.listen("x"))
    assert.neq(process.listen("x"), process.inbox())
end

return M
