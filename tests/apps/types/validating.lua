local assert = require("assert")
local shapes = require("shapes")

type User = {name: string, age: number, email?: string}
type Status = "open" | "closed" | 404
type Names = {string}
type Scores = {[string]: integer}
type Handler = (input: string) -> boolean
type Maybe = number?
type Nested = {user: User, list: {User}, map: {[string]: {ok: boolean}}}
type Both = {a: string} & {b: number}
type Truth = true
type Anything = any
type Shape = {kind: "circle", r: number} | {kind: "square", side: number}

local M = {}

local function refused(T, value, part)
    local got, err = T:is(value)
    assert.is_nil(got)
    assert.not_nil(err, "expected a refusal")
    assert.error_contains(err, part)
    return err
end

local function accepted(T, value)
    local got, err = T:is(value)
    assert.no_error(err)
    assert.ok(rawequal(got, value) or got == value)
end

-- [16.21] X(v) returns v
function M.call()
    local v = { name = "Ann", age = 5 }
    assert.ok(rawequal(User(v), v))
    assert.eq(Maybe(3), 3)
    assert.is_nil(Maybe(nil))
end

-- [16.21] X(v) raises what X:is(v) returns
function M.call_raises()
    local err = assert.throws(function() User({ name = "Ann" }) end, "age")
    assert.is_error(err, errors.INVALID)
    assert.throws(function() User("Ann") end, "expected")
    assert.throws(function() User(nil) end, "expected")
end

-- [16.22] Records: every field that is not optional, others are let through
function M.records()
    accepted(User, { name = "Ann", age = 5 })
    accepted(User, { name = "Ann", age = 5.5, email = "a@b.c", more = true })
    refused(User, { name = "Ann" }, "age")
    refused(User, { name = "Ann", age = "old" }, "age")
    refused(User, { name = 5, age = 5 }, "name")
    refused(User, { name = "Ann", age = 5, email = 7 }, "email")
    refused(User, "text", "expected")
    refused(User, nil, "expected")
end

-- [16.22] The error is an object of kind INVALID that reads like text
function M.error_object()
    local _, err = User:is({ name = "Ann", age = "x" })
    assert.is_error(err, errors.INVALID)
    assert.is_false(err:retryable())
    assert.eq(err:message(), "field 'age': expected number, got string")
    assert.ok(err:find("expected"))
    assert.ok(string.find(err, "age", 1, true))
    assert.eq("refused: " .. err, "refused: field 'age': expected number, got string")
end

-- [16.22] Nested fields are named by their path
function M.paths()
    local function with(list, map)
        return { user = { name = "A", age = 1 }, list = list or {}, map = map or {} }
    end
    accepted(Nested, with({ { name = "B", age = 2 } }, { x = { ok = true } }))
    refused(Nested, { user = { name = "A" }, list = {}, map = {} }, "user.age")
    refused(Nested, with({ { name = "B", age = 2 }, { name = "C" } }), "list[2].age")
    refused(Nested, with(nil, { x = { ok = 1 } }), 'map["x"].ok')
    refused(Nested, with("none"), "list")
end

-- [16.22] Literals and unions
function M.unions()
    accepted(Status, "open")
    accepted(Status, 404)
    refused(Status, "ajar", 'expected "open" | "closed" | 404, got "ajar"')
    refused(Status, 405, "405")
    refused(Status, nil, "expected")
    accepted(Truth, true)
    refused(Truth, false, "expected true")
    accepted(shapes.Id, "x")
    accepted(shapes.Id, 5)
    refused(shapes.Id, true, "expected")
end

-- [16.22] Unions of records are told apart by their literals
function M.tagged_unions()
    accepted(Shape, { kind = "circle", r = 1 })
    accepted(Shape, { kind = "square", side = 1 })
    refused(Shape, { kind = "circle", side = 1 }, "expected")
    refused(Shape, { kind = "line" }, "expected")
end

-- [16.22] Arrays
function M.arrays()
    accepted(Names, {})
    accepted(Names, { "a", "b" })
    refused(Names, { "a", 5 }, "[2]")
    refused(Names, { a = "x" }, "expected")
    refused(Names, "a", "expected")
end

-- [16.22] Maps
function M.maps()
    accepted(Scores, {})
    accepted(Scores, { ann = 1, bob = 2 })
    refused(Scores, { ann = "one" }, "ann")
    refused(Scores, { 1, 2 }, "expected string")
    refused(Scores, { ann = 1.5 }, "integer")
end

-- [16.22] Functions, any, nil, intersections
function M.others()
    accepted(Handler, function() end)
    refused(Handler, "f", "expected")
    accepted(Anything, nil)
    accepted(Anything, { 1 })
    accepted(Maybe, nil)
    refused(Maybe, "x", "number?")
    accepted(Both, { a = "x", b = 1 })
    refused(Both, { a = "x" }, "b")
end

-- [16.22] Objects are no records
function M.objects()
    refused(User, errors.new("x"), "got userdata")
    refused(Names, channel.new(), "got userdata")
end

-- [16.26] Numbers: @min and @max
function M.number_validators()
    type Age = integer @min(0) @max(150)
    accepted(Age, 0)
    accepted(Age, 150)
    refused(Age, -1, "@min(0)")
    refused(Age, 151, "@max(150)")
    refused(Age, "5", "expected integer")
end

-- [16.26] Text: @min_len, @max_len, @pattern
function M.text_validators()
    type Code = string @min_len(2) @max_len(4) @pattern("^%u+$")
    accepted(Code, "ABC")
    refused(Code, "A", "@min_len(2)")
    refused(Code, "ABCDE", "@max_len(4)")
    refused(Code, "abc", "@pattern")
end

-- [16.26] In fields, and on arrays; the field is named
function M.field_validators()
    type Order = {count: number @min(1), tags: {string} @max_len(2)}
    accepted(Order, { count = 1, tags = { "a", "b" } })
    refused(Order, { count = 0, tags = {} }, "count")
    refused(Order, { count = 1, tags = { "a", "b", "c" } }, "tags")
    local user = shapes.new_user("Ann")
    user.age = 200
    refused(shapes.User, user, "age")
    user.age, user.name = 5, ""
    refused(shapes.User, user, "name")
end

-- [16.26] Unknown validators are left alone
function M.unknown_validators()
    type Odd = string @fancy @label("x", {1, 2})
    accepted(Odd, "x")
    refused(Odd, 5, "expected string")
end

-- [16.28] Primitives as values
function M.primitives()
    accepted(Number, 1.5)
    accepted(String, "x")
    accepted(Integer, 5)
    accepted(Boolean, false)
    refused(Number, "1", "expected number")
    refused(String, 1, "expected string")
    refused(Integer, 1.5, "expected integer")
    refused(Boolean, nil, "expected boolean")
    assert.eq(integer(5), 5)
    assert.eq(boolean(true), true)
    assert.throws(function() integer("x") end, "expected integer")
    assert.throws(function() boolean(1) end, "expected boolean")
    assert.eq(Number:kind(), "number")
    assert.eq(Integer:name(), "integer")
end

return M
