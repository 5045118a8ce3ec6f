local assert = require("assert")

local M = {}

-- [16.3] insert, remove, concat, unpack
function M.table_plain()
    local t = { "a", "c" }
    table.insert(t, 2, "b")
    table.insert(t, "d")
    assert.eq(table.concat(t, ","), "a,b,c,d")
    assert.eq(table.remove(t, 1), "a")
    assert.eq(table.remove(t), "d")
    assert.eq(table.concat(t), "bc")
    assert.eq(table.concat({}, ","), "")
    assert.eq(table.concat({ 1, 2, 3 }, "-", 2, 3), "2-3")
    assert.eq(select("#", table.unpack({ 1, 2, 3 })), 3)
    assert.throws(function() table.insert({}, 5, 1) end, "out of bounds")
    assert.throws(function() table.concat({ {} }) end, "invalid value")
end

-- [16.3] sort, with and without an order; it keeps the order of equal elements
function M.table_sort()
    local t = { 3, 1, 2 }
    table.sort(t)
    assert.same(t, { 1, 2, 3 })
    table.sort(t, function(a, b) return a > b end)
    assert.same(t, { 3, 2, 1 })
    local words = { { "b", 1 }, { "a", 2 }, { "b", 3 }, { "a", 4 } }
    table.sort(words, function(x, y) return x[1] < y[1] end)
    assert.eq(words[1][2] * 1000 + words[2][2] * 100 + words[3][2] * 10 + words[4][2], 2413)
    assert.throws(function() table.sort({ 1, "x", {} }) end, "compare")
end

-- [16.3] getn and maxn
function M.table_counts()
    assert.eq(table.getn({ 1, 2, 3 }), 3)
    assert.eq(table.maxn({ 1, 2, [10] = 1 }), 10)
    assert.eq(table.maxn({}), 0)
end

-- [16.3] create makes an empty table
function M.table_create()
    local t = table.create(10, 5)
    assert.is_table(t)
    assert.eq(#t, 0)
    t[1] = "x"
    assert.eq(t[1], "x")
end

-- [16.3] freeze makes a table itself read-only and returns it
function M.table_freeze()
    local t = { 1, 2, name = "n" }
    assert.is_false(table.isfrozen(t))
    local frozen = table.freeze(t)
    assert.ok(rawequal(frozen, t))
    assert.is_true(table.isfrozen(t))
    assert.throws(function() t.name = "x" end, "read-only")
    assert.throws(function() t[3] = 3 end, "read-only")
    assert.throws(function() table.insert(t, 3) end, "read-only")
    assert.throws(function() table.remove(t) end, "read-only")
    assert.throws(function() table.sort(t, function(a, b) return a > b end) end, "read-only")
    assert.throws(function() rawset(t, "x", 1) end)
    assert.throws(function() setmetatable(t, nil) end)
    assert.eq(t.name, "n")
    assert.eq(#t, 2)
end

-- [16.3] A frozen table is read as before: pairs, ipairs, #, concat, unpack, and what it inherits
function M.frozen_reads()
    local t = table.freeze(setmetatable({ "a", "b", k = 1 }, {
        __index = { inherited = "yes" },
        __call = function(self, x) return self.k + x end,
    }))
    local n = 0
    for _ in pairs(t) do n = n + 1 end
    assert.eq(n, 3)
    n = 0
    for _, v in ipairs(t) do n = n + #v end
    assert.eq(n, 2)
    assert.eq(table.concat(t, "+"), "a+b")
    assert.eq(select("#", unpack(t)), 2)
    assert.eq(t.inherited, "yes")
    assert.eq(t(4), 5)
    assert.eq(next(table.freeze({ x = 1 })), "x")
end

-- [16.3] Freezing twice does nothing, and is not deep
function M.freeze_again()
    local t = table.freeze({ inner = {} })
    assert.eq(table.freeze(t), t)
    t.inner.x = 1
    assert.eq(t.inner.x, 1)
    assert.is_false(table.isfrozen(t.inner))
    assert.is_true(table.isfrozen(string))
    assert.is_false(table.isfrozen(5))
end

-- [16.3, 16.12] A frozen table crosses boundaries as what it holds
function M.frozen_crosses()
    local t = table.freeze({ 1, 2, 3 })
    process.send(process.pid(), "frozen", t)
    local got = process.listen("frozen"):receive()
    assert.same(got, { 1, 2, 3 })
    assert.is_false(table.isfrozen(got))
end

-- [16.4] The functions of Lua 5.1
function M.math_old()
    assert.eq(math.pow(2, 10), 1024)
    assert.eq(math.log10(1000), 3)
    assert.near(math.atan2(1, 1), math.pi / 4, 1e-12)
    assert.near(math.atan2(-1, -1), -3 * math.pi / 4, 1e-12)
    assert.near(math.sinh(1), 1.1752011936438, 1e-9)
    assert.near(math.cosh(1), 1.5430806348152, 1e-9)
    assert.near(math.tanh(0.5), 0.46211715726001, 1e-9)
    assert.eq(math.tanh(1000), 1)
    assert.eq(math.mod(7, 3), 1)
    assert.eq(math.fmod(-7, 3), -1)
    local m, e = math.frexp(10)
    assert.eq(m, 0.625)
    assert.eq(e, 4)
    assert.eq(math.ldexp(0.625, 4), 10)
    m, e = math.frexp(0)
    assert.eq(m + e, 0)
    m, e = math.frexp(5e-324)
    assert.eq(math.ldexp(m, e), 5e-324)
end

-- [16.4] floor and ceil print as integers
function M.math_floor()
    assert.eq(math.floor(3.7), 3)
    assert.eq(math.ceil(3.2), 4)
    assert.eq("" .. math.floor(3.7), "3")
    assert.eq(tostring(math.ceil(-0.5)), "0")
    assert.eq(math.max(1, 5, 3), 5)
    assert.eq(math.min(2, 0, 9), 0)
    assert.eq(math.abs(-3), 3)
    assert.eq(math.sqrt(16), 4)
    local whole, rest = math.modf(3.25)
    assert.eq(whole, 3)
    assert.eq(rest, 0.25)
end

-- [16.4] The integer functions of Lua 5.3
function M.math_integers()
    assert.eq(math.type(1), "integer")
    assert.eq(math.type(1.0), "float")
    assert.is_nil(math.type("1"))
    assert.eq(math.tointeger(3.0), 3)
    assert.is_nil(math.tointeger(3.5))
    assert.eq(math.maxinteger, 9223372036854775807)
    assert.eq(math.mininteger + math.maxinteger, -1)
    assert.is_true(math.ult(1, -1))
    assert.gt(math.huge, 1e308)
end

-- [16.4] random is within its bounds, randomseed does nothing
function M.math_random()
    math.randomseed(42)
    for _ = 1, 100 do
        local x = math.random()
        assert.ok(x >= 0 and x < 1)
        x = math.random(6)
        assert.ok(x >= 1 and x <= 6)
        assert.eq(math.type(x), "integer")
        x = math.random(-2, 2)
        assert.ok(x >= -2 and x <= 2)
    end
    assert.throws(function() math.random(2, 1) end, "interval is empty")
end

-- [16.8] Integers: 64 bits, // and bit operators
function M.integers()
    assert.eq(7 // 2, 3)
    assert.eq(-7 // 2, -4)
    assert.eq(7 % -3, -2)
    assert.eq(5 & 3, 1)
    assert.eq(5 | 3, 7)
    assert.eq(5 ~ 3, 6)
    assert.eq(1 << 40, 1099511627776)
    assert.eq(~0, -1)
    assert.eq(9007199254740993 + 0, 9007199254740993)
    assert.eq(math.maxinteger + 1, math.mininteger)
    assert.is_true(1 == 1.0)
end

-- [16.8] Integers stay integers across boundaries, floats floats
function M.integers_cross()
    local box = process.listen("numbers")
    process.send(process.pid(), "numbers", { int = 7, float = 7.0, big = 9007199254740993, half = 0.5 })
    local got = box:receive()
    assert.eq(math.type(got.int), "integer")
    assert.eq(math.type(got.float), "float")
    assert.eq(got.big, 9007199254740993)
    assert.eq(got.half, 0.5)
end

-- [16.8] tonumber
function M.to_number()
    assert.eq(tonumber("10"), 10)
    assert.eq(tonumber("  0x1F  "), 31)
    assert.eq(tonumber("1e3"), 1000)
    assert.eq(tonumber("ff", 16), 255)
    assert.eq(tonumber("777", 8), 511)
    assert.is_nil(tonumber("abc"))
    assert.is_nil(tonumber(""))
    assert.is_nil(tonumber(nil))
    assert.is_nil(tonumber({}))
    assert.eq(tonumber(5.5), 5.5)
end

return M
