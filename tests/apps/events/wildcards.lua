local assert = require("assert")
local events = require("events")

local function heard(pattern, systems)
    local sub, err = events.subscribe(pattern)
    assert.no_error(err, pattern)
    for _, system in ipairs(systems) do
        events.send(system, "kind", "/", system)
    end
    sub:close()
    local list = {}
    for event in sub:channel():iter() do
        list[#list + 1] = event.data
    end
    return table.concat(list, " ")
end

local function main()
    local names = { "a", "b", "a.b", "a.b.c", "x.b" }
    assert.eq(heard("a", names), "a")
    assert.eq(heard("*", names), "a b", "a lone star is one segment")
    assert.eq(heard("**", names), "a b a.b a.b.c x.b")
    assert.eq(heard("a.*", names), "a.b")
    assert.eq(heard("a.**", names), "a a.b a.b.c")
    assert.eq(heard("*.b", names), "a.b x.b")
    assert.eq(heard("**.b", names), "b a.b x.b")
    assert.eq(heard("(a|x).b", names), "a.b x.b")
    assert.eq(heard("(a|b)", names), "a b")
    return true
end

return { main = main }
