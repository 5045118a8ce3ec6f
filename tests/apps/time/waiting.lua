local assert = require("assert")
local time = require("time")

local M = {}

local function elapsed(began)
    return time.now():sub(began):milliseconds()
end

-- [8.3] sleep waits at least as long as asked
function M.sleep()
    local began = time.now()
    time.sleep("10ms")
    time.sleep(5 * time.MILLISECOND)
    time.sleep(time.parse_duration("5ms"))
    assert.gte(elapsed(began), 19)
    assert.lt(elapsed(began), 10000)
end

-- [8.3] Zero and less return at once
function M.sleep_nothing()
    local began = time.now()
    time.sleep(0)
    time.sleep(-5)
    time.sleep("-1h")
    time.sleep("0s")
    assert.lt(elapsed(began), 10000)
end

-- [8.3] What is no duration: nil and INVALID
function M.sleep_errors()
    for _, bad in ipairs({ "soon", "10", {}, true }) do
        local value, err = time.sleep(bad)
        assert.is_nil(value)
        assert.is_error(err, errors.INVALID)
        assert.is_false(err:retryable())
    end
end

-- [8.5] after delivers one Time
function M.after()
    local began = time.now()
    local ch, err = time.after("10ms")
    assert.no_error(err)
    local at, ok = ch:receive()
    assert.is_true(ok)
    assert.is_userdata(at)
    assert.gte(elapsed(began), 9)
    assert.is_true(at:after(began))
end

-- [8.5] after with a bad duration
function M.after_errors()
    for _, bad in ipairs({ "soon", 0, -1, "-5s" }) do
        local ch, err = time.after(bad)
        assert.is_nil(ch)
        assert.is_error(err, errors.INVALID)
        assert.is_false(err:retryable())
    end
end

-- [8.5] A timer fires once, on the same channel however it is asked for
function M.timer()
    local timer, err = time.timer("5ms")
    assert.no_error(err)
    assert.is_userdata(timer)
    assert.eq(timer:response(), timer:channel())
    local at, ok = timer:channel():receive()
    assert.is_true(ok)
    assert.is_userdata(at)
    assert.is_false(timer:stop(), "it has fired")
end

-- [8.5] A timer that is stopped does not fire; stop tells whether it ran
function M.timer_stop()
    local timer = time.timer("5ms")
    assert.is_true(timer:stop())
    assert.is_false(timer:stop())
    local timeout = time.after("15ms")
    local result = channel.select({ timer:channel():case_receive(), timeout:case_receive() })
    assert.eq(result.channel, timeout)
end

-- [8.5] reset starts it anew, and tells whether it ran
function M.timer_reset()
    local began = time.now()
    local timer = time.timer("1h")
    assert.is_true(timer:reset("5ms"))
    timer:channel():receive()
    assert.lt(elapsed(began), 10000)
    assert.is_false(timer:reset("5ms"), "it had fired")
    local _, ok = timer:channel():receive()
    assert.is_true(ok)
end

-- [8.5] reset after stop starts it again
function M.timer_restart()
    local timer = time.timer("1h")
    timer:stop()
    assert.is_false(timer:reset("2ms"))
    local _, ok = timer:response():receive()
    assert.is_true(ok)
    local was, err = timer:reset("nonsense")
    assert.is_nil(was)
    assert.is_error(err, errors.INVALID)
end

-- [8.5] A timer's duration must be greater than 0
function M.timer_errors()
    for _, make in ipairs({ time.timer, time.ticker }) do
        for _, bad in ipairs({ "soon", 0, "-1s" }) do
            local timer, err = make(bad)
            assert.is_nil(timer)
            assert.is_error(err, errors.INVALID)
            assert.is_false(err:retryable())
        end
    end
end

-- [8.5] A ticker ticks until it is stopped
function M.ticker()
    local ticker, err = time.ticker("3ms")
    assert.no_error(err)
    local began = time.now()
    assert.eq(ticker:response(), ticker:channel())
    for _ = 1, 3 do
        local at, ok = ticker:channel():receive()
        assert.is_true(ok)
        assert.is_userdata(at)
    end
    assert.gte(elapsed(began), 8)
    ticker:stop()
    local result = channel.select({ ticker:channel():case_receive(), default = true })
    while not result.default do result = channel.select({ ticker:channel():case_receive(), default = true }) end
    time.sleep("10ms")
    assert.is_true(channel.select({ ticker:channel():case_receive(), default = true }).default)
end

-- [8.5] Ticks that nobody takes are dropped beyond a buffer of 16
function M.ticker_drops()
    local ticker = time.ticker("1ms")
    for _ = 1, 40 do time.sleep("1ms") end -- on a slow machine a tick may come late, and so does the end of a sleep
    ticker:stop()
    local n = 0
    while not channel.select({ ticker:channel():case_receive(), default = true }).default do n = n + 1 end
    assert.lte(n, 16)
    assert.gte(n, 5)
end

-- [8.5] Timers fire in the order of their times
function M.timer_order()
    local late, early = time.after("60ms"), time.after("5ms")
    local first = channel.select({ late:case_receive(), early:case_receive() })
    assert.eq(first.channel, early)
    local second = channel.select({ late:case_receive(), early:case_receive() })
    assert.eq(second.channel, late)
end

return M
