local assert = require("assert")

local M = {}

local function sample()
    return errors.new({ message = "Order 17 not found: gone", kind = errors.NOT_FOUND })
end

-- [9.5] An error is userdata and its methods are functions
function M.types()
    local err = sample()
    assert.eq(type(err), "userdata")
    for _, name in ipairs({ "kind", "message", "retryable", "details", "stack" }) do
        assert.eq(type(err[name]), "function", name)
    end
    assert.is_nil(err.nothing)
end

-- [9.5] tostring is the message
function M.to_string()
    assert.eq(tostring(sample()), "Order 17 not found: gone")
end

-- [9.5] .. takes errors on both sides, and two of them
function M.concat()
    local err = errors.new("e")
    assert.eq("x" .. err, "xe")
    assert.eq(err .. "x", "ex")
    assert.eq(err .. err, "ee")
    assert.eq("a" .. err .. "b" .. err .. "c", "aebec")
    assert.eq(err .. 5, "e5")
end

-- [9.5] string.find, match, gmatch and gsub take an error
function M.patterns()
    local err = sample()
    assert.ok(string.find(err, "not found"))
    assert.ok(string.find(err, "not found", 1, true))
    assert.is_nil(string.find(err, "found it"))
    assert.eq(string.match(err, "(%d+)"), "17")
    local words = 0
    for _ in string.gmatch(err, "%a+") do words = words + 1 end
    assert.eq(words, 4)
    assert.eq((string.gsub(err, "17", "18")), "Order 18 not found: gone")
    local word = errors.new("b")
    assert.eq(string.find("abc", word, 1, true), 2)
    assert.eq(string.match("abc", word), "b")
    assert.eq(string.gmatch("abc", word)(), "b")
    assert.eq((string.gsub("abc", word, errors.new("<%0>"))), "a<b>c")
    assert.throws(function() string.find("abc", {}) end, "string expected")
end

-- [9.5] The other string functions take an error, too
function M.functions()
    local err = errors.new("Abc")
    assert.eq(string.sub(err, 2, 3), "bc")
    assert.eq(string.len(err), 3)
    assert.eq(string.lower(err), "abc")
    assert.eq(string.upper(err), "ABC")
    assert.eq(string.rep(err, 2), "AbcAbc")
    assert.eq(string.byte(err), 65)
    assert.eq(string.reverse(err), "cbA")
end

-- [9.5] %s of string.format is the message
function M.format()
    assert.eq(string.format("failed: %s", errors.new("why")), "failed: why")
end

-- [9.5] table.concat takes errors
function M.table_concat()
    assert.eq(table.concat({ "a", errors.new("b"), "c" }, "-"), "a-b-c")
end

-- [9.5] Two errors are equal only if they are the same
function M.equality()
    local err = errors.new("same")
    assert.eq(err, err)
    assert.neq(err, errors.new("same"))
    assert.neq(err, "same")
    local t = { [err] = 1 }
    assert.eq(t[err], 1)
end

-- [9.5] An error cannot be changed, nor its metatable reached
function M.closed()
    local err = errors.new("x")
    assert.throws(function() err.message = nil end)
    assert.throws(function() setmetatable(err, {}) end)
    assert.is_false(getmetatable(err))
end

-- [9.5] It is raised and caught as the object that it is
function M.raised()
    local err = sample()
    local ok, caught = pcall(error, err)
    assert.is_false(ok)
    assert.eq(caught, err)
    ok, caught = pcall(function() error(err) end)
    assert.eq(caught:kind(), errors.NOT_FOUND)
    assert.is_false(ok)
end

-- [9.5] A raised text is text, with the place in front
function M.raised_text()
    local ok, caught = pcall(function() error("text") end)
    assert.is_false(ok)
    assert.is_string(caught)
    assert.matches(caught, ":%d+: text$")
    ok, caught = pcall(function() error("text", 0) end)
    assert.eq(caught, "text")
    ok, caught = pcall(function() error({ code = 5 }) end)
    assert.eq(caught.code, 5)
    ok, caught = pcall(function() error() end)
    assert.is_nil(caught)
end

-- [9.5] The place is the registered id of the source and the line
function M.place()
    local ok, caught = pcall(function() error("here") end)
    assert.is_false(ok)
    assert.matches(caught, "^app%.errors:place:%d+: here$")
    local _, runtime = pcall(function()
        local nothing
        return nothing.x
    end)
    assert.matches(runtime, "^app%.errors:place:%d+: attempt to index a nil value")
end

return M
