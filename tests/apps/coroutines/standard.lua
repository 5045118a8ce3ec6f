local assert = require("assert")
local time = require("time")
local funcs = require("funcs")

local M = {}

-- [6.10] create, resume, yield, status: as in Lua
function M.plain()
    local co = coroutine.create(function(a, b)
        local c = coroutine.yield(a + b)
        local d, e = coroutine.yield(c * 2)
        return d + e
    end)
    assert.eq(coroutine.status(co), "suspended")
    local ok, v = coroutine.resume(co, 1, 2)
    assert.is_true(ok)
    assert.eq(v, 3)
    ok, v = coroutine.resume(co, 10)
    assert.eq(v, 20)
    ok, v = coroutine.resume(co, 3, 4)
    assert.eq(v, 7)
    assert.eq(coroutine.status(co), "dead")
    ok, v = coroutine.resume(co)
    assert.is_false(ok)
    assert.contains(v, "dead coroutine")
end

-- [6.10] wrap gives a function, and works as an iterator
function M.wrap()
    local function range(n)
        return coroutine.wrap(function()
            for i = 1, n do coroutine.yield(i) end
        end)
    end
    local sum = 0
    for i in range(4) do sum = sum + i end
    assert.eq(sum, 10)
end

-- [6.10] running is nil in the main coroutine and the thread elsewhere
function M.running()
    assert.is_nil(coroutine.running())
    local inside
    local co = coroutine.create(function() inside = coroutine.running() end)
    coroutine.resume(co)
    assert.eq(inside, co)
    local spawned
    local task = coroutine.spawn(function() spawned = coroutine.running() end)
    assert.eq(spawned, task)
end

-- [6.10] A blocking call in a resumed coroutine passes through: its resumer does not see it
function M.blocking_inside_resumed()
    local steps = {}
    local co = coroutine.create(function()
        time.sleep("2ms")
        local v, err = funcs.call("app.coroutines:slow", 1)
        assert.no_error(err)
        local got = coroutine.yield("first " .. v)
        time.sleep("1ms")
        return "then " .. got
    end)
    local ok, v = coroutine.resume(co)
    assert.is_true(ok)
    assert.eq(v, "first 1")
    ok, v = coroutine.resume(co, "more")
    assert.is_true(ok)
    assert.eq(v, "then more")
    assert.eq(coroutine.status(co), "dead")
    assert.eq(#steps, 0)
end

-- [6.10] Channels work in coroutines that are resumed within each other
function M.blocking_nested()
    local ch = channel.new()
    coroutine.spawn(function()
        for i = 1, 3 do
            time.sleep("1ms")
            ch:send(i)
        end
        ch:close()
    end)
    local outer = coroutine.wrap(function()
        local inner = coroutine.wrap(function()
            while true do
                local v, ok = ch:receive()
                if not ok then return nil end
                coroutine.yield(v)
            end
        end)
        for v in inner do coroutine.yield(v * 10) end
    end)
    assert.eq(outer(), 10)
    assert.eq(outer(), 20)
    assert.eq(outer(), 30)
end

-- [6.10] pcall and xpcall let waits pass
function M.pcall_waits()
    local ok, v = pcall(function()
        time.sleep("1ms")
        return "woke"
    end)
    assert.is_true(ok)
    assert.eq(v, "woke")

    ok, v = pcall(function()
        time.sleep("1ms")
        error("after the sleep", 0)
    end)
    assert.is_false(ok)
    assert.eq(v, "after the sleep")

    ok, v = xpcall(function()
        time.sleep("1ms")
        error("x", 0)
    end, function(problem) return "handled " .. problem end)
    assert.is_false(ok)
    assert.eq(v, "handled x")
end

-- [6.10] Waits pass through pcall in pcall in a coroutine
function M.pcall_nested()
    local co = coroutine.wrap(function()
        return pcall(function()
            local ok, err = pcall(function()
                time.sleep("1ms")
                coroutine.yield("mid")
                error("inner", 0)
            end)
            assert.is_false(ok)
            time.sleep("1ms")
            return err .. " seen"
        end)
    end)
    assert.eq(co(), "mid")
    local ok, v = co()
    assert.is_true(ok)
    assert.eq(v, "inner seen")
end

-- [6.10] An error in a resumed coroutine is what resume returns; wrap raises it
function M.errors()
    local co = coroutine.create(function() error("broken", 0) end)
    local ok, err = coroutine.resume(co)
    assert.is_false(ok)
    assert.eq(err, "broken")
    assert.throws(coroutine.wrap(function() error("wrapped", 0) end), "wrapped")
    local kept = errors.new({ message = "object", kind = errors.INVALID })
    ok, err = coroutine.resume(coroutine.create(function() error(kept) end))
    assert.is_false(ok)
    assert.eq(err, kept)
end

-- [6.10] A blocked coroutine cannot be resumed by somebody else
function M.not_resumed_while_waiting()
    local ch = channel.new()
    local co = coroutine.spawn(function() ch:receive() end)
    local ok, err = coroutine.resume(co)
    assert.is_false(ok)
    assert.is_string(err)
    ch:send(1)
end

-- [6.10] There is no isyieldable and no close
function M.absent()
    assert.is_nil(coroutine.isyieldable)
    assert.is_nil(coroutine.close)
end

-- [6.10] Callbacks of table.sort and string.gsub, iterators and metamethods may wait
function M.callbacks_wait()
    local list = { 3, 1, 2 }
    table.sort(list, function(a, b)
        time.sleep(1)
        return a < b
    end)
    assert.same(list, { 1, 2, 3 })

    local text = string.gsub("a-b", "%a", function(letter)
        time.sleep(1)
        return letter:upper()
    end)
    assert.eq(text, "A-B")

    local t = setmetatable({}, {
        __index = function(_, k)
            time.sleep(1)
            return k .. "!"
        end,
        __call = function(_, v)
            time.sleep(1)
            return v
        end,
        __add = function(_, v)
            time.sleep(1)
            return v
        end,
    })
    assert.eq(t.x, "x!")
    assert.eq(t(5), 5)
    assert.eq(t + 6, 6)
end

-- [6.10] yield outside of a coroutine raises
function M.yield_outside()
    assert.throws(function() coroutine.yield(1) end, "outside a coroutine")
end

return M
