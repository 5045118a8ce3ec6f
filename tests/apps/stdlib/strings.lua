local assert = require("assert")

local M = {}

-- [16.5] The functions, and as methods
function M.functions()
    assert.eq(("abc"):upper(), "ABC")
    assert.eq(string.lower("ABC"), "abc")
    assert.eq(("hello"):sub(2, -2), "ell")
    assert.eq(#("x"):rep(5), 5)
    assert.eq(("ab"):rep(3, "-"), "ab-ab-ab")
    assert.eq(("abc"):reverse(), "cba")
    assert.eq(("A"):byte(), 65)
    assert.eq(string.char(72, 105), "Hi")
    assert.eq(("abc"):len(), 3)
end

-- [16.5] find, match, gmatch and gsub with Lua patterns
function M.patterns()
    local from, to, found = ("key = value"):find("(%w+)$")
    assert.eq(from, 7)
    assert.eq(to, 11)
    assert.eq(found, "value")
    assert.eq(("2024-05-06"):match("^(%d+)-(%d+)"), "2024")
    local words = {}
    for w in ("one two three"):gmatch("%a+") do words[#words + 1] = w end
    assert.eq(#words, 3)
    assert.eq((("hello"):gsub("l", "L")), "heLLo")
    assert.eq((("hello"):gsub("l", "L", 1)), "heLlo")
    assert.eq((("$name"):gsub("%$(%w+)", { name = "Ann" })), "Ann")
    assert.eq((("abc"):gsub("%w", function(c) return c .. "." end)), "a.b.c.")
    assert.eq(select(2, ("aaa"):gsub("a", "b")), 3)
    assert.eq((("(x)"):gsub("%b()", "")), "")
    assert.eq(("THE (quick) fox"):find("%((%a+)%)"), 5)
    assert.eq(string.find("a.b", ".", 1, true), 2)
end

-- [16.5] gfind is gmatch
function M.gfind()
    local n = 0
    for _ in string.gfind("a b c", "%a") do n = n + 1 end
    assert.eq(n, 3)
end

-- [16.5] pack, unpack and packsize
function M.pack()
    local data = string.pack(">I2I4s1", 1, 2, "xyz")
    local a, b, s = string.unpack(">I2I4s1", data)
    assert.eq(a + b, 3)
    assert.eq(s, "xyz")
    assert.eq(string.packsize("<i4i8"), 12)
end

-- [16.5] The metatable of strings cannot be reached
function M.closed()
    assert.is_false(getmetatable("") or false)
    assert.throws(function() ("x").y.z = 1 end)
end

-- [16.5] Binary text: escapes and bytes
function M.bytes()
    local s = "\0\1\255\x41\u{e4}"
    assert.eq(#s, 6)
    assert.eq(s:byte(3), 255)
    assert.eq(s:sub(4, 4), "A")
end

-- [16.6] %d cuts fractions off
function M.format_d()
    assert.eq(string.format("%d", 3.7), "3")
    assert.eq(string.format("%d", -3.7), "-3")
    assert.eq(string.format("%5d|%-5d|%05d", 42, 42, 42), "   42|42   |00042")
    assert.eq(string.format("%d", 10 / 2), "5")
    assert.eq(string.format("%d", "12"), "12")
    assert.eq(string.format("%x %X %o", 255.9, 255, 8), "ff FF 10")
    assert.eq(string.format("%c", 65.0), "A")
end

-- [16.6] %s takes any value
function M.format_s()
    assert.eq(string.format("%s %s %s", nil, true, 1.5), "nil true 1.5")
    assert.eq(string.format("%s", 10 / 2), "5")
    assert.eq(string.format("%10s|%-6s|%.2s", "right", "left", "cut"), "     right|left  |cu")
    assert.eq(string.format("%s", setmetatable({}, { __tostring = function() return "own" end })), "own")
    assert.matches(string.format("%s", {}), "^table: ")
end

-- [16.6] %v is %s
function M.format_v()
    assert.eq(string.format("%v-%v-%v", 1, "x", true), "1-x-true")
end

-- [16.6] %q quotes on one line
function M.format_q()
    assert.eq(string.format("%q", 'say "hi"\n\\'), [["say \"hi\"\n\\"]])
    assert.eq(string.format("%q", "tab\tnul\0"), [["tab\tnul\x00"]])
end

-- [16.6] Floats, percent signs, widths
function M.format_floats()
    assert.eq(string.format("%.2f", 3.14159), "3.14")
    assert.eq(string.format("%8.3f|", 2.5), "   2.500|")
    assert.eq(string.format("%e", 12345.678), "1.234568e+04")
    assert.eq(string.format("%g", 0.0001), "0.0001")
    assert.eq(string.format("100%%"), "100%")
    assert.eq(string.format("%5.1f%%", 99.44), " 99.4%")
end

-- [16.6] Too few arguments and wrong ones raise
function M.format_raises()
    assert.throws(function() string.format("%d") end, "format")
    assert.throws(function() string.format("%d", "x") end, "format")
    assert.throws(function() string.format("%d", {}) end, "format")
    assert.throws(function() string.format("%p", {}) end, "not available")
    assert.throws(function() string.format("%") end, "format")
end

-- [16.7] Whole floats print without a point
function M.whole_floats()
    assert.eq(tostring(10 / 2), "5")
    assert.eq(tostring(3.0), "3")
    assert.eq(tostring(-2.0), "-2")
    assert.eq(tostring(1e15), "1000000000000000")
    assert.eq(tostring(2 ^ 53), "9007199254740992")
    assert.eq(tostring(1e20), "100000000000000000000")
    assert.eq(table.concat({ 1.0, 2.5, 10 / 2 }, " "), "1 2.5 5")
end

-- [16.7] Others by the shortest text that reads back the same
function M.shortest()
    assert.eq(tostring(0.1), "0.1")
    assert.eq(tostring(1 / 3), "0.3333333333333333")
    assert.eq(tostring(0.1 + 0.2), "0.30000000000000004")
    assert.eq(tostring(1234567.5), "1234567.5")
    assert.eq(tonumber(tostring(math.pi)), math.pi)
end

-- [16.7] Exponents
function M.exponents()
    assert.eq(tostring(1e21), "1e+21")
    assert.eq(tostring(1e-7), "1e-07")
    assert.eq(tostring(2.5e-10), "2.5e-10")
    assert.eq(tostring(1.5e300), "1.5e+300")
end

-- [16.7] tostring of other values
function M.to_string()
    assert.eq(tostring(nil), "nil")
    assert.eq(tostring(true), "true")
    assert.eq(tostring(42), "42")
    assert.eq(tostring("x"), "x")
    assert.matches(tostring({}), "^table: ")
    assert.matches(tostring(print), "^function: ")
    assert.throws(function() tostring() end, "value expected")
end

return M
