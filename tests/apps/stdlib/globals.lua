local assert = require("assert")
local library = require("library")
local json = require("json")

local M = {}

-- [16.1] The globals that a script has
function M.present()
    for _, name in ipairs({
        "error", "getmetatable", "next", "pcall", "print", "rawequal", "rawget", "rawset", "select", "setmetatable", "tonumber",
        "tostring", "type", "unpack", "xpcall", "ipairs", "pairs", "require",
    }) do
        assert.is_function(_G[name], name)
    end
    for _, name in ipairs({ "table", "string", "math", "os", "coroutine", "errors", "process", "channel", "payload" }) do
        assert.is_table(_G[name], name)
    end
    assert.is_function(subscribe)
    assert.is_function(unsubscribe)
    assert.is_string(_VERSION)
    assert.eq(_G._G, _G)
end

-- [16.1] What would escape is absent
function M.absent_globals()
    for _, name in ipairs({ "load", "loadstring", "loadfile", "dofile", "collectgarbage", "debug", "io", "utf8", "rawlen", "package", "warn" }) do
        assert.is_nil(_G[name], name)
    end
    for _, name in ipairs({ "execute", "exit", "getenv", "remove", "rename", "tmpname", "setlocale" }) do
        assert.is_nil(os[name], "os." .. name)
    end
    assert.is_nil(string.dump)
end

-- [16.1] unpack spreads a list
function M.unpack_list()
    local a, b, c = unpack({ 1, 2, 3 })
    assert.eq(a + b + c, 6)
    assert.eq(select("#", unpack({}, 1, 3)), 3)
    assert.eq(select(2, unpack({ "x", "y", "z" }, 2)), "z")
end

-- [16.1] select, rawget, rawset, rawequal: as in Lua
function M.plain_functions()
    assert.eq(select("#", nil, nil), 2)
    assert.eq(select(-1, 1, 2, 3), 3)
    local t = setmetatable({}, { __index = function() return "meta" end })
    assert.eq(t.x, "meta")
    assert.is_nil(rawget(t, "x"))
    rawset(t, "x", 1)
    assert.eq(t.x, 1)
    assert.is_true(rawequal(t, t))
    assert.is_false(rawequal({}, {}))
end

-- [16.1] pcall and xpcall return what happened
function M.protected()
    local ok, a, b = pcall(function(x) return x, x + 1 end, 1)
    assert.is_true(ok)
    assert.eq(a + b, 3)
    local handled
    ok, handled = xpcall(function() error("x", 0) end, function(e) return "<" .. e .. ">" end)
    assert.is_false(ok)
    assert.eq(handled, "<x>")
    ok, a = xpcall(function(x) return x end, print, 5)
    assert.eq(a, 5)
end

-- [16.2] require returns modules, libraries and standard libraries
function M.require_finds()
    assert.eq(require("json"), json)
    assert.eq(require("library").answer, 42)
    assert.eq(require("string"), string)
    assert.eq(require("process"), process)
    assert.eq(require("channel"), channel)
    assert.eq(require("os"), os)
end

-- [16.2] Modules and libraries are globals, too
function M.globals_of_modules()
    assert.eq(_G.json, json)
    assert.eq(_G.library, library)
end

-- [16.2] require of what is not there raises and names it
function M.require_fails()
    assert.throws(function() require("nothing_here") end, "module 'nothing_here' not found")
    assert.throws(function() require("sq" .. "l") end, "sql")
    assert.throws(function() require("i" .. "o") end, "io")
    assert.is_nil(sql)
end

-- [16.9] type() of objects is userdata
function M.types()
    assert.eq(type(channel.new()), "userdata")
    assert.eq(type(errors.new("x")), "userdata")
    assert.eq(type(payload.new(1)), "userdata")
    assert.eq(type(channel.new().send), "function")
    assert.eq(type(payload.new(1).data), "function")
    assert.eq(type(nil), "nil")
    assert.eq(type({}), "table")
    assert.eq(type(print), "function")
    assert.eq(type(1.5), "number")
    assert.eq(type("x"), "string")
    assert.eq(type(coroutine.create(print)), "thread")
    assert.throws(function() type() end, "value expected")
end

-- [16.9] Messages are userdata with methods
function M.message_type()
    local inbox = process.inbox()
    process.send(process.pid(), "t", 1)
    local msg = inbox:receive()
    assert.eq(type(msg), "userdata")
    assert.eq(type(msg.topic), "function")
    assert.contains(tostring(msg), "topic=t")
end

-- [16.10] pairs: 1..n, other numbers, strings, booleans
function M.pairs_order()
    local t = { [true] = "t", b = 2, a = 1, [2] = "two", [1] = "one", [2.5] = "f", [-1] = "n", [false] = "f", [10] = "ten", B = 3 }
    local keys = {}
    for k in pairs(t) do keys[#keys + 1] = tostring(k) end
    assert.eq(table.concat(keys, " "), "1 2 -1 2.5 10 B a b false true")
end

-- [16.10] next goes in the same order
function M.next_order()
    local keys = {}
    local k, v = next({ z = 1, y = 2, [1] = 0 })
    local t = { z = 1, y = 2, [1] = 0 }
    k, v = next(t)
    while k do
        keys[#keys + 1] = tostring(k) .. v
        k, v = next(t, k)
    end
    assert.eq(table.concat(keys, " "), "10 y2 z1")
    assert.is_nil(next({}))
end

-- [16.10] Fields may be assigned and cleared while pairs goes
function M.pairs_while_clearing()
    local t = { a = 1, b = 2, c = 3 }
    for k in pairs(t) do t[k] = nil end
    assert.is_nil(next(t))
end

-- [16.11] print takes any values
function M.print_any()
    assert.not_throws(function() print("a", 1, nil, true, { 1 }, 10 / 2, errors.new("e")) end)
    assert.not_throws(function() print() end)
end

-- [16.12] Standard libraries and modules cannot be written to
function M.read_only()
    assert.throws(function() string.mine = 1 end, "read-only")
    assert.throws(function() table.insert = nil end, "read-only")
    assert.throws(function() math.pi = 3 end, "read-only")
    assert.throws(function() os.time = nil end, "read-only")
    assert.throws(function() process.send = nil end, "read-only")
    assert.throws(function() json.encode = nil end, "read-only")
    assert.throws(function() errors.INVALID = "x" end, "read-only")
    assert.throws(function() rawset(string, "mine", 1) end)
    assert.throws(function() setmetatable(math, {}) end)
    assert.is_nil(string.mine)
end

-- [16.12] They can still be walked through
function M.walk_library()
    local found = false
    for name, f in pairs(string) do
        if name == "format" then found = type(f) == "function" end
    end
    assert.is_true(found)
end

-- [16.13] Raised text has entry and line in front
function M.positions()
    local _, e = pcall(function() error("here") end)
    assert.matches(e, "^app%.stdlib:positions:%d+: here$")
    _, e = pcall(library.fails)
    assert.matches(e, "^app%.stdlib:library:%d+: library broke$")
    _, e = pcall(function() error("none", 0) end)
    assert.eq(e, "none")
    _, e = pcall(function() return #nil end)
    assert.matches(e, "^app%.stdlib:positions:%d+: attempt to get length of a nil value")
end

-- [16.13] Level 2 blames the caller
function M.levels()
    local function check(v)
        if not v then error("bad value", 2) end
    end
    local _, e = pcall(function()
        check(true)
        check(false) -- this line
    end)
    local _, here = pcall(function() error("x") end)
    local blamed, line = tonumber(e:match(":(%d+): bad value$")), tonumber(here:match(":(%d+): x$"))
    assert.eq(line - blamed, 2)
end

-- [16.14] Globals can be assigned, `_` too
function M.assign_globals()
    my_global = 5
    assert.eq(my_global, 5)
    assert.eq(_G.my_global, 5)
    _ = process.events()
    assert.eq(_, process.events())
    _G.other = "x"
    assert.eq(other, "x")
end

-- [16.14] Globals of one process are not seen by the next, nor by libraries
function M.globals_are_own()
    seen_global_of_others = "visible"
    assert.is_nil(library.global())
    for i = 1, 2 do
        local got, err = process.exec("app.stdlib:leaks", "app.lib:processes", i)
        assert.no_error(err)
        assert.is_nil(got.before)
        assert.eq(got.after, i)
    end
end

-- [16.15] A chunk that returns a function
function M.bare_function()
    local funcs = require("funcs")
    assert.eq(funcs.call("app.stdlib:bare", 2, 3), 5)
end

return M
