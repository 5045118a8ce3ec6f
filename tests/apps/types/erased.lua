local assert = require("assert")

type Point = {x: number, y: number}
type Callback = (n: number) -> (number, string)
interface Shape
    function area(self): number
    function scale(self, by: number): Shape
end

local M = {}

-- [16.20] Annotations of locals, parameters and results
function M.annotations()
    local n: number = 1
    local s: string, t: {string} = "a", { "b" }
    local f = function(a: number, b: string?, ...: any): (number, string)
        return a, b or "none"
    end
    local x, y = f(1)
    assert.eq(x, 1)
    assert.eq(y, "none")
    assert.eq(n, 1)
    assert.eq(s .. t[1], "ab")
    local function typed(p: Point, cb: Callback): ()
        cb(p.x)
    end
    local seen
    typed({ x = 5, y = 6 }, function(v: number) seen = v return v, "" end)
    assert.eq(seen, 5)
end

-- [16.20] Casts
function M.casts()
    local v: any = "5"
    local a = v as string
    local b = (v :: string)
    local c = v!
    local t = { v as any, (1 :: number) }
    assert.eq(a .. b .. c, "555")
    assert.eq(#t, 2)
    local p = { x = 1 } as Point
    assert.eq(p.x, 1)
end

-- [16.20] Generic functions and unions, maps, functions as types
function M.generics()
    local function first<T>(list: {T}): T?
        return list[1]
    end
    local map: {[string]: {number}} = { a = { 1 } }
    local either: string | number | nil = nil
    local f: fun(a: number): boolean = function(a) return a > 0 end
    assert.eq(first(map.a), 1)
    assert.is_nil(either)
    assert.is_true(f(1))
end

-- [16.20] Words of the type syntax are names elsewhere
function M.names()
    local type_of = type("x")
    local as, is, fun = 1, 2, 3
    local t = { type = "t", as = 1, is = 2, readonly = true, typeof = "x" }
    assert.eq(type_of, "string")
    assert.eq(as + is + fun, 6)
    assert.eq(t.type .. t.typeof, "tx")
    assert.eq(type(t), "table")
end

-- [16.20] Labels and comparisons are left alone
function M.plain_lua()
    local i = 0
    ::again::
    i = i + 1
    if i < 3 then goto again end
    assert.eq(i, 3)
    assert.is_true(1 < 2 and 3 > 2)
end

-- [16.20, 16.30] A type over several lines keeps the numbers of the lines
function M.lines()
    type Long = {
        a: string,
        b: {
            c: number,
        },
    }
    local ok, err = pcall(function() error("here") end)
    assert.is_false(ok)
    assert.matches(err, "lines:87: here$")
    assert.eq(Long:kind(), "record")
end

return M
