local assert = require("assert")
local shapes = require("shapes")

type User = {name: string, age?: number}
type Status = "open" | "closed"
type Names = {string}
type Scores = {[string]: integer}
type Handler = (a: number, b: string) -> boolean
type Pair = fun(x: any): (string, number)
type Maybe = User?
type Alias = User
type Both = {a: string} & {b: number}

local M = {}

-- [16.23] kind
function M.kind()
    assert.eq(User:kind(), "record")
    assert.eq(Status:kind(), "union")
    assert.eq(Names:kind(), "array")
    assert.eq(Scores:kind(), "map")
    assert.eq(Handler:kind(), "function")
    assert.eq(Maybe:kind(), "optional")
    assert.eq(Alias:kind(), "record")
    assert.eq(Both:kind(), "intersection")
    assert.eq(Status:variants()[1]:kind(), "literal")
    assert.eq(Names:elem():kind(), "string")
end

-- [16.23] name, and as text
function M.name()
    assert.eq(User:name(), "User")
    assert.eq(tostring(User), "User")
    assert.eq(Names:elem():name(), "string")
    assert.is_nil(Status:variants()[1]:name())
    assert.eq(tostring(Status:variants()[1]), '"open"')
    assert.eq("a " .. User .. " or " .. Names:elem(), "a User or string")
    assert.eq(type(User), "userdata")
    assert.eq(type(User.is), "function")
end

-- [16.23] fields of a record
function M.fields()
    local fields = User:fields()
    assert.eq(fields.name:kind(), "string")
    assert.eq(fields.age:kind(), "optional")
    assert.eq(fields.age:inner():kind(), "number")
    local count = 0
    for _ in pairs(fields) do count = count + 1 end
    assert.eq(count, 2)
    local named = {}
    for name, field in User:fields() do named[#named + 1] = name .. " " .. field:kind() end
    assert.same(named, { "name string", "age optional" }, "as an iterator, in the order in which they are written")
    assert.eq(Both:fields().b:kind(), "number")
    assert.is_nil(Names:fields())
end

-- [16.23] variants of a union
function M.variants()
    local variants = Status:variants()
    assert.eq(#variants, 2)
    assert.eq(variants[2]("closed"), "closed")
    for i, variant in Status:variants() do assert.eq(variant, variants[i]) end
    assert.is_nil(User:variants())
end

-- [16.23] elem, key and val
function M.collections()
    assert.eq(Names:elem(), String)
    assert.eq(Scores:key(), String)
    assert.eq(Scores:val(), Integer)
    assert.is_nil(Scores:elem())
    assert.is_nil(Names:key())
end

-- [16.23] inner of an optional type
function M.inner()
    assert.eq(Maybe:inner(), User)
    assert.eq(Maybe:inner():name(), "User")
    assert.is_nil(User:inner())
end

-- [16.23] params and ret of a function
function M.functions()
    local params = Handler:params()
    assert.eq(#params, 2)
    assert.eq(params[1]:kind(), "number")
    assert.eq(params[2]:kind(), "string")
    assert.eq(Handler:ret():kind(), "boolean")
    assert.eq(#Pair:ret(), 2)
    assert.is_nil(User:params())
    assert.is_nil(User:ret())
end

-- [16.24] Types are equal if they describe the same
function M.equality()
    type Other = {name: string, age?: number}
    assert.eq(User, User)
    assert.eq(User, Alias)
    assert.eq(User, Other)
    assert.neq(User, Status)
    assert.neq(User, shapes.User)
    assert.neq(User, "User")
end

-- [16.24] < and <= mean: part of
function M.order()
    type Named = {name: string}
    type Person = {name: string, age: number}
    type Open = "open"
    assert.is_true(Person <= Named)
    assert.is_true(Person < Named)
    assert.is_false(Named <= Person)
    assert.is_true(Named <= Named)
    assert.is_false(Named < Named)
    assert.is_true(Integer < Number)
    assert.is_true(Open < Status)
    assert.is_true(Open < String)
    assert.is_true(Status < String)
    assert.is_false(String <= Status)
    assert.is_true(User < Maybe)
    assert.is_true(Person <= User)
    assert.throws(function() return User < 5 end, "compare")
end

-- [16.24] A type as a key
function M.keys()
    local registry = { [User] = "user", [Status] = "status" }
    assert.eq(registry[User], "user")
    assert.eq(registry[Status], "status")
    assert.is_nil(registry[Names])
end

-- [16.24] A type cannot be changed
function M.closed()
    assert.throws(function() User.is = nil end)
    assert.throws(function() User.extra = 1 end)
    assert.throws(function() setmetatable(User, {}) end)
end

-- [16.25] Types of a library
function M.exported()
    local user, err = shapes.User:is(shapes.new_user("Ann"))
    assert.no_error(err)
    assert.eq(user.name, "Ann")
    user, err = shapes.User:is({ name = "Ann", address = { street = "x" }, tags = {} })
    assert.is_nil(user)
    assert.error_contains(err, "address.city")
    assert.eq(shapes.User:name(), "User")
    assert.eq(shapes.User:fields().address, shapes.Address)
end

-- [16.25] Types that refer to those of a library
function M.qualified()
    type Team = {lead: shapes.User, ids: {shapes.Id}}
    local team, err = Team:is({ lead = shapes.new_user("Ann"), ids = { 1, "x" } })
    assert.no_error(err)
    assert.eq(team.lead.name, "Ann")
    team, err = Team:is({ lead = shapes.new_user("Ann"), ids = { true } })
    assert.is_nil(team)
    assert.error_contains(err, "ids[1]")
    local Imported = shapes.Address
    type Home = {address: Imported}
    team, err = Home:is({ address = {} })
    assert.is_nil(team)
    assert.error_contains(err, "address.street")
end

-- [16.27] Arguments of generic types
function M.generic_types()
    type Box<T> = {value: T}
    type Numbers = Box<number>
    type Boxes = {Box<Box<string>>}
    assert.eq(Numbers({ value = 1 }).value, 1)
    local _, err = Numbers:is({ value = "x" })
    assert.error_contains(err, "value")
    assert.error_contains(err, "expected number")
    _, err = Boxes:is({ { value = { value = "deep" } } })
    assert.no_error(err)
    _, err = Boxes:is({ { value = { value = 5 } } })
    assert.error_contains(err, "[1].value.value")
    assert.eq(Box({ value = {} }).value ~= nil, true)
    type Users = shapes.Page<shapes.User>
    _, err = Users:is({ items = { shapes.new_user("Ann") } })
    assert.no_error(err)
    _, err = Users:is({ items = { 5 } })
    assert.error_contains(err, "items[1]")
end

-- [16.29] typeof a local, keyof a record
function M.queries()
    local config: {host: string, port: integer} = { host = "h", port = 1 }
    local plain = { retries = 3, name = "x" }
    type Config = typeof(config)
    type Plain = typeof(plain)
    type Key = keyof(User)
    assert.eq(Config(config), config)
    local _, err = Config:is({ host = "h", port = "1" })
    assert.error_contains(err, "port")
    _, err = Plain:is({ retries = 1, name = 5 })
    assert.error_contains(err, "name")
    assert.eq(Key("name"), "name")
    _, err = Key:is("salary")
    assert.error_contains(err, "expected")
end

-- [16.30] Recursive types, and types that refer to later ones
function M.recursive()
    type Tree = {value: number, left?: Tree, right?: Tree}
    type Json = nil | boolean | number | string | {Json} | {[string]: Json}
    type Ping = {pong?: Pong}
    type Pong = {ping?: Ping, n: number}
    assert.not_nil(Tree({ value = 1, left = { value = 2 }, right = { value = 3, left = { value = 4 } } }))
    local _, err = Tree:is({ value = 1, left = { value = 2, left = { value = "x" } } })
    assert.error_contains(err, "left.left.value")
    assert.no_error(select(2, Json:is({ a = { 1, "x", { b = true } } })))
    assert.has_error(select(2, Json:is({ f = print })))
    assert.no_error(select(2, Ping:is({ pong = { n = 1, ping = { pong = { n = 2 } } } })))
    _, err = Ping:is({ pong = { n = 1, ping = { pong = {} } } })
    assert.error_contains(err, "pong.ping.pong.n")
    assert.eq(Tree:fields().left:inner(), Tree)
end

-- [16.30] What refers to itself, and what nests too deep
function M.hostile()
    type List = {next?: List}
    type Loop = Loop
    type A = {next?: A, x?: number}
    local ring = {}
    ring.next = ring
    assert.ok(rawequal(List(ring), ring))
    local deep = {}
    for _ = 1, 500 do deep = { next = deep } end
    local _, err = List:is(deep)
    assert.error_contains(err, "nested deeper")
    assert.eq(Loop(5), 5)
    assert.is_true(A <= List)
    assert.eq(tostring(List:fields().next), "List?")

    type Choice = {next?: Choice, kind: "a"} | {next?: Choice, kind: "b"}
    local chain = { kind = "a" }
    for _ = 1, 60 do chain = { next = chain, kind = "b" } end
    assert.not_nil(Choice(chain))
end

-- [16.25] A type crosses no boundary: it is nil on the other side
function M.not_sent()
    process.send(process.pid(), "types", { User = User, n = 1 })
    local got = process.listen("types"):receive()
    assert.is_nil(got.User)
    assert.eq(got.n, 1)
end

return M
