local assert = require("assert")
local ctx = require("ctx")
local funcs = require("funcs")

local M = {}

-- [10.1] Without values, all() is an empty table
function M.empty()
    local all, err = ctx.all()
    assert.no_error(err)
    assert.is_table(all)
    assert.is_nil(next(all))
end

-- [10.1] An empty key is INVALID, an absent one NOT_FOUND
function M.get_errors()
    local value, err = ctx.get("")
    assert.is_nil(value)
    assert.is_error(err, errors.INVALID)
    assert.is_false(err:retryable())

    value, err = ctx.get("nobody_set_this")
    assert.is_nil(value)
    assert.is_error(err, errors.NOT_FOUND)
    assert.error_contains(err, "nobody_set_this")
end

-- [10.1] Values travel from the caller to the function, never back
function M.reaches_callee()
    local caller = funcs.new():with_context({ tenant = "blue", deep = { list = { 1, 2, 3 } }, no = false })

    local value, err = caller:call("app.ctx:read", "tenant")
    assert.no_error(err)
    assert.eq(value, "blue")

    value, err = caller:call("app.ctx:read", "deep")
    assert.no_error(err)
    assert.same(value, { list = { 1, 2, 3 } })

    value, err = caller:call("app.ctx:read", "no")
    assert.no_error(err)
    assert.is_false(value)

    assert.is_nil((ctx.get("tenant")), "the values of a call are not the caller's")
end

-- [10.1] A callee inherits what its caller has, and adds to it for its own calls only
function M.inherited()
    local caller = funcs.new():with_context({ a = 1, b = 1 })
    local value, err = caller:call("app.ctx:relay", { b = 2 }, "b")
    assert.no_error(err)
    assert.eq(value.theirs, 2)
    assert.eq(value.mine, 1)
    value, err = caller:call("app.ctx:relay", { b = 2 }, "a")
    assert.no_error(err)
    assert.eq(value.theirs, 1)
end

-- [10.1] with_context merges, and leaves the one that it was called on as it is
function M.builder_merges()
    local one = funcs.new():with_context({ x = 1 })
    local two = one:with_context({ y = 2 })
    assert.eq(two:call("app.ctx:read", "x"), 1)
    assert.eq(two:call("app.ctx:read", "y"), 2)
    local value, err = one:call("app.ctx:read", "y")
    assert.is_nil(value)
    assert.is_error(err, errors.NOT_FOUND)
end

-- [10.1] Values travel from the spawner to the child
function M.reaches_child()
    local pid, err = process.with_context({ tenant = "green", n = 5 }):spawn_monitored("app.ctx:child", "app.lib:processes")
    assert.no_error(err)
    assert.is_string(pid)
    local event = process.events():receive()
    assert.eq(event.result.value.tenant, "green")
    assert.eq(event.result.value.n, 5)
end

-- [10.1] What all() and get() return is a copy
function M.copies()
    local value, err = funcs.new():with_context({ t = { n = 1 } }):call("app.ctx:changes")
    assert.no_error(err)
    assert.same(value, { n = 1, extra = false })
end

-- [10.1] Values are plain data: what is none is nil on the other side
function M.plain_data()
    local value, err = funcs.new():with_context({ ch = channel.new(), ok = 1 }):call("app.ctx:read", "ch")
    assert.is_nil(value)
    assert.is_error(err, errors.NOT_FOUND)
end

-- [10.1] Keys must be strings
function M.keys()
    assert.throws(function() funcs.new():with_context({ [1] = "x" }) end, "string")
    assert.throws(function() funcs.new():with_context("x") end, "table")
end

return M
