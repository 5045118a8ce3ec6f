local assert = require("assert")
local time = require("time")

local M = {}

-- [6.6] The first case that is ready wins, in the order of the list
function M.first_ready()
    local a, b, c = channel.new(1), channel.new(1), channel.new(1)
    b:send("b")
    c:send("c")
    for _ = 1, 20 do
        local result = channel.select({ a:case_receive(), b:case_receive(), c:case_receive() })
        assert.eq(result.channel, b)
        assert.eq(result.value, "b")
        assert.is_true(result.ok)
        b:send("b")
    end
end

-- [6.6] An early case that is always ready starves the later ones
function M.starves()
    local busy, other = channel.new(1), channel.new(1)
    other:send("never")
    for i = 1, 50 do
        busy:send(i)
        assert.eq(channel.select({ busy:case_receive(), other:case_receive() }).value, i)
    end
end

-- [6.6] default as a field: taken if no case is ready, as {default=true, ok=true}
function M.default_field()
    local ch = channel.new()
    local result = channel.select({ ch:case_receive(), default = true })
    assert.is_true(result.default)
    assert.is_true(result.ok)
    assert.is_nil(result.channel)
    assert.is_nil(result.value)
end

-- [6.6] default as the second argument
function M.default_argument()
    local ch = channel.new()
    local result = channel.select({ ch:case_receive() }, true)
    assert.is_true(result.default)
    assert.is_true(result.ok)
end

-- [6.6] With a default, a case that is ready still wins
function M.ready_before_default()
    local ch = channel.new(1)
    ch:send(7)
    local result = channel.select({ ch:case_receive(), default = true })
    assert.is_nil(result.default)
    assert.eq(result.value, 7)
end

-- [6.6] Without a default it waits for the first case to become ready
function M.blocks()
    local a, b = channel.new(), channel.new()
    coroutine.spawn(function()
        time.sleep("5ms")
        b:send("late")
    end)
    local result = channel.select({ a:case_receive(), b:case_receive() })
    assert.eq(result.channel, b)
    assert.eq(result.value, "late")
end

-- [6.6] A send case is ready when there is room or a receiver; the result has the value that was sent
function M.send_case()
    local room, full = channel.new(1), channel.new(1)
    full:send(0)
    local result = channel.select({ full:case_send("x"), room:case_send("y") })
    assert.eq(result.channel, room)
    assert.eq(result.value, "y")
    assert.is_true(result.ok)
    assert.eq(room:receive(), "y")
    assert.eq(full:receive(), 0)
end

-- [6.6] A send case completes with a receiver that comes later
function M.send_case_waits()
    local ch = channel.new()
    local got
    coroutine.spawn(function()
        time.sleep("2ms")
        got = ch:receive()
    end)
    local result = channel.select({ ch:case_send("v") })
    assert.is_true(result.ok)
    time.sleep("1ms")
    assert.eq(got, "v")
end

-- [6.6] Receiving from a closed channel is ready at once: ok=false, value nil
function M.closed_is_ready()
    local ch, other = channel.new(), channel.new()
    ch:close()
    local result = channel.select({ other:case_receive(), ch:case_receive() })
    assert.eq(result.channel, ch)
    assert.is_false(result.ok)
    assert.is_nil(result.value)
end

-- [6.6] A select that waits is woken by a close
function M.closed_while_waiting()
    local ch = channel.new()
    coroutine.spawn(function()
        time.sleep("2ms")
        ch:close()
    end)
    local result = channel.select({ ch:case_receive() })
    assert.is_false(result.ok)
    assert.eq(result.channel, ch)
end

-- [6.6] What is no case in the list is ignored
function M.ignores_others()
    local ch = channel.new(1)
    ch:send(1)
    local result = channel.select({ "text", 5, {}, ch:case_receive() })
    assert.eq(result.value, 1)
end

-- [6.6] nil is received as a value
function M.receives_nil()
    local ch = channel.new(1)
    ch:send(nil)
    local result = channel.select({ ch:case_receive() })
    assert.is_nil(result.value)
    assert.is_true(result.ok)
end

-- [6.6] Without any case and without a default it waits for ever
function M.empty_blocks()
    local ended = false
    coroutine.spawn(function()
        channel.select({})
        ended = true
    end)
    time.sleep("3ms")
    assert.is_false(ended)
    assert.is_true(channel.select({}, true).default)
end

-- [6.6] Only one of several cases is taken
function M.takes_one()
    local a, b = channel.new(1), channel.new(1)
    a:send(1)
    b:send(2)
    assert.eq(channel.select({ a:case_receive(), b:case_receive() }).value, 1)
    assert.eq(b:receive(), 2)
    local result = channel.select({ a:case_receive(), b:case_receive(), default = true })
    assert.is_true(result.default)
end

-- [6.6] The same case may be used again and again
function M.cases_are_values()
    local ch = channel.new(3)
    local case = ch:case_receive()
    for i = 1, 3 do ch:send(i) end
    for i = 1, 3 do assert.eq(channel.select({ case }).value, i) end
end

-- [6.6] The argument must be a table
function M.bad_argument()
    assert.throws(function() channel.select(5) end, "table")
    assert.throws(function() channel.select() end, "table")
end

-- [6.6] As a time-out: a timer's channel beside the one that is waited for
function M.timeout()
    local ch = channel.new()
    local timeout = time.after("5ms")
    local result = channel.select({ ch:case_receive(), timeout:case_receive() })
    assert.eq(result.channel, timeout)
    assert.is_true(result.ok)
    assert.is_userdata(result.value)
end

-- [6.7] A send case on a closed channel raises
function M.select_send_on_closed()
    local ch = channel.new(1)
    ch:close()
    assert.throws(function() channel.select({ ch:case_send(1) }) end, "closed")
end

-- [6.7] A select that waits to send raises when the channel is closed
function M.select_closed_while_sending()
    local ch = channel.new()
    coroutine.spawn(function()
        time.sleep("2ms")
        ch:close()
    end)
    assert.throws(function() channel.select({ ch:case_send(1) }) end, "closed")
end

return M
