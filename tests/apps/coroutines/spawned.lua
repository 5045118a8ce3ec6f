local assert = require("assert")
local time = require("time")
local funcs = require("funcs")

local M = {}

-- [6.10] The new coroutine runs first, until it waits; then its spawner goes on
function M.runs_first()
    local steps = {}
    local ch = channel.new()
    coroutine.spawn(function()
        steps[#steps + 1] = "child"
        ch:receive()
        steps[#steps + 1] = "child again"
    end)
    steps[#steps + 1] = "parent"
    ch:send(1)
    time.sleep("1ms")
    assert.same(steps, { "child", "parent", "child again" })
end

-- [6.10] What runs is in the order of spawning
function M.fifo()
    local steps = {}
    for i = 1, 3 do
        coroutine.spawn(function()
            steps[#steps + 1] = "a" .. i
            time.sleep("1ms")
            steps[#steps + 1] = "b" .. i
        end)
    end
    time.sleep("10ms")
    assert.same(steps, { "a1", "a2", "a3", "b1", "b2", "b3" })
end

-- [6.10] spawn returns a thread and takes a function only
function M.returns_thread()
    local ch = channel.new()
    local co = coroutine.spawn(function() ch:receive() end)
    assert.eq(type(co), "thread")
    assert.eq(coroutine.status(co), "suspended")
    ch:send(1)
    time.sleep("1ms")
    assert.eq(coroutine.status(co), "dead")
    assert.throws(function() coroutine.spawn(5) end, "function expected")
    assert.throws(function() coroutine.spawn() end, "function expected")
end

-- [6.10] Its function gets no arguments
function M.no_arguments()
    local count
    coroutine.spawn(function(...) count = select("#", ...) end, 1, 2, 3)
    assert.eq(count, 0)
end

-- [6.10] A call suspends only the coroutine that makes it
function M.calls_overlap()
    local done = channel.new(3)
    for _, milliseconds in ipairs({ 3600000, 2, 1 }) do
        coroutine.spawn(function()
            local v, err = funcs.call("app.coroutines:slow", milliseconds)
            done:send(err or v)
        end)
    end
    assert.eq(done:receive() + done:receive(), 3, "the call of an hour is still under way")
end

-- [6.10] Sleeps overlap
function M.sleeps_overlap()
    local done = channel.new(5)
    for i, duration in ipairs({ "1h", "10ms", "10ms", "10ms", "10ms" }) do
        coroutine.spawn(function()
            time.sleep(duration)
            done:send(i)
        end)
    end
    for i = 2, 5 do assert.eq(done:receive(), i) end
end

-- [6.10] The other coroutines end with the main function
function M.end_with_main()
    local value, err = funcs.call("app.coroutines:leaves_one_behind")
    assert.no_error(err)
    assert.eq(value, "main is over")
end

-- [6.10] An error in any coroutine ends the process with that error
function M.error_ends_process()
    local value, err = funcs.call("app.coroutines:one_fails")
    assert.is_nil(value)
    assert.error_contains(err, "the child broke")
end

-- [6.10] A spawned coroutine may spawn others
function M.nested()
    local done = channel.new(2)
    coroutine.spawn(function()
        coroutine.spawn(function()
            time.sleep("1ms")
            done:send("inner")
        end)
        done:send("outer")
    end)
    assert.eq(done:receive(), "outer")
    assert.eq(done:receive(), "inner")
end

-- [6.10] Coroutines share what they close over
function M.share_state()
    local ch = channel.new()
    local total = 0
    local finished = channel.new(1)
    coroutine.spawn(function()
        for v in ch:iter() do total = total + v end
        finished:send(true)
    end)
    for i = 1, 10 do ch:send(i) end
    ch:close()
    finished:receive()
    assert.eq(total, 55)
end

-- [6.11] A coroutine that waits on its own channel waits for ever; the process goes on
function M.waiting_is_idle()
    coroutine.spawn(function() channel.new():receive() end)
    time.sleep("3ms")
    return true
end

-- [6.12] Processes that wait for messages do not hold up the one that works
function M.waiting_costs_nothing()
    for _ = 1, 50 do
        local _, err = process.spawn("app.coroutines:waits", "app.lib:processes")
        assert.no_error(err)
    end
    local began = time.now()
    for _ = 1, 20 do time.sleep("1ms") end
    assert.lt(time.now():sub(began):milliseconds(), 20000)
end

return M
