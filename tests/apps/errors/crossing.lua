local assert = require("assert")
local funcs = require("funcs")
local time = require("time")

local M = {}

local function failed(way)
    local value, err = funcs.call("app.errors:fails", way)
    assert.is_nil(value)
    assert.is_error(err)
    return err
end

-- [9.6] A failure is nil and an error object, a success has no second value
function M.convention()
    local value, err = funcs.call("app.errors:fails", "other_second")
    assert.eq(value, "fine")
    assert.is_nil(err)
    value, err = time.parse_duration("nonsense")
    assert.is_nil(value)
    assert.is_error(err, errors.INVALID)
    value, err = funcs.call("no.such:function")
    assert.is_nil(value)
    assert.is_error(err, errors.NOT_FOUND)
end

-- [9.6] Arguments of a wrong type raise
function M.wrong_types_raise()
    assert.throws(function() errors.new(5) end)
    assert.throws(function() channel.select("x") end)
    assert.throws(function() coroutine.spawn({}) end)
    assert.throws(function() string.rep() end)
end

-- [9.7] Text as second value: Internal, not retryable
function M.text()
    local err = failed("text")
    assert.eq(err:message(), "just text")
    assert.eq(err:kind(), errors.INTERNAL)
    assert.is_false(err:retryable())
end

-- [9.7] Raised text: Internal, retryable unset, the place in the message
function M.raised_crosses()
    local err = failed("raise")
    assert.error_contains(err, "raised text")
    assert.matches(err, ":%d+: ")
    assert.eq(err:kind(), errors.INTERNAL)
    assert.is_nil(err:retryable())
end

-- [9.7] An error of the runtime: Internal
function M.runtime()
    local err = failed("runtime")
    assert.error_contains(err, "attempt to index")
    assert.eq(err:kind(), errors.INTERNAL)
end

-- [9.7] An error object keeps kind, retryable, message and details
function M.object()
    local err = failed("object")
    assert.eq(err:message(), "no such order")
    assert.eq(err:kind(), errors.NOT_FOUND)
    assert.is_false(err:retryable())
    assert.eq(err:details().id, 7)
    assert.is_true(failed("retryable"):retryable())
end

-- [9.7] A raised error object keeps them, too
function M.raised_object()
    local err = failed("raise_object")
    assert.eq(err:kind(), errors.CONFLICT)
    assert.eq(err:message(), "thrown")
    assert.is_true(err:retryable())
end

-- [9.7] A missing kind becomes Internal; retryable stays unset
function M.unset_crosses()
    local err = failed("unset")
    assert.eq(err:kind(), errors.INTERNAL)
    assert.eq(err:message(), "bare")
    assert.is_nil(err:retryable())
end

-- [9.7] A wrapped error crosses with its message and kind
function M.wrapped()
    local err = failed("wrapped")
    assert.eq(err:kind(), errors.TIMEOUT)
    assert.eq(err:message(), "inner")
end

-- [9.7] Errors of processes cross in the same way
function M.from_process()
    local value, err = process.exec("app.errors:fails_too", "app.lib:processes", "object")
    assert.is_nil(value)
    assert.is_error(err, errors.NOT_FOUND)
    assert.is_false(err:retryable())
    assert.eq(err:details().id, 7)
end

-- [9.7] Errors travel inside of messages and results as values
function M.as_value()
    local ok, err = process.send(process.pid(), "box", { problem = errors.new({ message = "m", kind = "Invalid", retryable = true }) })
    assert.no_error(err)
    local got = process.listen("box"):receive()
    assert.is_error(got.problem, errors.INVALID)
    assert.is_true(got.problem:retryable())
    assert.eq(got.problem:message(), "m")
    assert.is_true(ok)
end

return M
