local assert = require("assert")

local M = {}

-- [9.1] The kinds are constants
function M.kinds()
    assert.eq(errors.NOT_FOUND, "NotFound")
    assert.eq(errors.ALREADY_EXISTS, "AlreadyExists")
    assert.eq(errors.INVALID, "Invalid")
    assert.eq(errors.PERMISSION_DENIED, "PermissionDenied")
    assert.eq(errors.UNAVAILABLE, "Unavailable")
    assert.eq(errors.INTERNAL, "Internal")
    assert.eq(errors.CANCELED, "Canceled")
    assert.eq(errors.CONFLICT, "Conflict")
    assert.eq(errors.TIMEOUT, "Timeout")
    assert.eq(errors.RATE_LIMITED, "RateLimited")
    assert.eq(errors.UNKNOWN, "")
end

-- [9.1] From text
function M.from_text()
    local err = errors.new("it broke")
    assert.eq(err:message(), "it broke")
    assert.eq(err:kind(), "")
    assert.eq(err:kind(), errors.UNKNOWN)
    assert.is_nil(err:retryable())
    assert.is_nil(err:details())
end

-- [9.1] From a table
function M.from_table()
    local err = errors.new({
        message = "order 7 is missing",
        kind = errors.NOT_FOUND,
        retryable = false,
        details = { id = 7, tags = { "a", "b" } },
    })
    assert.eq(err:message(), "order 7 is missing")
    assert.eq(err:kind(), errors.NOT_FOUND)
    assert.is_false(err:retryable())
    assert.eq(err:details().id, 7)
    assert.same(err:details().tags, { "a", "b" })
end

-- [9.1] A message that is no string raises; so do fields of another type
function M.bad_fields()
    assert.throws(function() errors.new({}) end, "message")
    assert.throws(function() errors.new({ message = 5 }) end, "message")
    assert.throws(function() errors.new({ message = "x", retryable = "yes" }) end, "retryable")
    assert.throws(function() errors.new({ message = "x", details = "yes" }) end, "details")
    assert.throws(function() errors.new() end, "errors.new")
end

-- [9.1] A kind of one's own is kept
function M.own_kind()
    local err = errors.new({ message = "x", kind = "Payment" })
    assert.eq(err:kind(), "Payment")
    assert.is_true(errors.is(err, "Payment"))
end

-- [9.1] errors is a global and can be required
function M.is_global()
    assert.eq(require("errors"), errors)
end

-- [9.2] wrap keeps kind, retryable, details, message and text
function M.wrap_keeps()
    local inner = errors.new({ message = "disk full", kind = errors.UNAVAILABLE, retryable = true, details = { free = 0 } })
    local outer = errors.wrap(inner, "saving the order")
    assert.eq(outer:message(), "disk full")
    assert.eq(tostring(outer), "disk full")
    assert.eq(outer:kind(), errors.UNAVAILABLE)
    assert.is_true(outer:retryable())
    assert.eq(outer:details().free, 0)
end

-- [9.2] The context shows in the stack and where %s formats the error
function M.wrap_context()
    local outer = errors.wrap(errors.new("disk full"), "saving the order")
    assert.contains(outer:stack(), "saving the order")
    assert.contains(string.format("%s", outer), "saving the order")
    assert.contains(string.format("%s", outer), "disk full")
end

-- [9.2] Contexts add up
function M.wrap_twice()
    local err = errors.wrap(errors.wrap(errors.new("root"), "first"), "second")
    assert.eq(err:message(), "root")
    assert.contains(err:stack(), "first")
    assert.contains(err:stack(), "second")
end

-- [9.2] wrap takes text for an error
function M.wrap_text()
    local err = errors.wrap("plain", "around it")
    assert.is_userdata(err)
    assert.eq(err:message(), "plain")
    assert.eq(err:kind(), "")
end

-- [9.3] is compares the kind, and is false for what is no error
function M.is()
    local err = errors.new({ message = "x", kind = errors.INVALID })
    assert.is_true(errors.is(err, errors.INVALID))
    assert.is_false(errors.is(err, errors.TIMEOUT))
    assert.is_false(errors.is("Invalid", errors.INVALID))
    assert.is_false(errors.is(nil, errors.INVALID))
    assert.is_false(errors.is({ kind = "Invalid" }, errors.INVALID))
    assert.is_true(errors.is(errors.new("x"), errors.UNKNOWN))
end

-- [9.3] is sees the kind of what was wrapped
function M.is_wrapped()
    assert.is_true(errors.is(errors.wrap(errors.new({ message = "x", kind = errors.CONFLICT }), "y"), errors.CONFLICT))
end

local function fails_here()
    local err = errors.new("where")
    return err
end

-- [9.3] call_stack has frames with level, source, line, name and type
function M.call_stack()
    local stack = errors.call_stack(fails_here())
    assert.is_table(stack)
    assert.is_string(stack.thread)
    assert.gte(#stack.frames, 2)
    for level, frame in ipairs(stack.frames) do
        assert.eq(frame.level, level)
        assert.is_string(frame.source)
        assert.is_number(frame.line)
        assert.is_string(frame.name)
        assert.is_string(frame.type)
    end
    assert.gt(stack.frames[1].line, 100)
end

-- [9.3] call_stack of what is no error is nil
function M.call_stack_of_nothing()
    assert.is_nil(errors.call_stack("text"))
    assert.is_nil(errors.call_stack(nil))
    assert.is_nil(errors.call_stack({}))
end

-- [9.4] Without fields: kind is empty, retryable and details are nil
function M.unset()
    local err = errors.new({ message = "m" })
    assert.eq(err:kind(), "")
    assert.is_nil(err:retryable())
    assert.is_nil(err:details())
    assert.is_string(err:stack())
end

-- [9.4] retryable has three values
function M.retryable()
    assert.is_true(errors.new({ message = "m", retryable = true }):retryable())
    assert.is_false(errors.new({ message = "m", retryable = false }):retryable())
    assert.is_nil(errors.new({ message = "m" }):retryable())
end

-- [9.4] Empty details are nil
function M.empty_details()
    assert.is_nil(errors.new({ message = "m", details = {} }):details())
end

-- [9.4] What changes in the table afterwards does not change the error
function M.details_are_kept()
    local given = { n = 1 }
    local err = errors.new({ message = "m", details = given })
    given.n = 2
    assert.eq(err:details().n, 1)
end

-- [9.4] The stack names the place where the error was made
function M.stack()
    local err = fails_here()
    assert.is_string(err:stack())
    assert.matches(err:stack(), ":%d+:")
end

return M
