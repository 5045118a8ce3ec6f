local assert = require("assert")
local security = require("security")

-- operator, an actor's level (or id), meta; whether the policy applies
local CASES = {
    { "eq", 3, true }, { "eq", 4, false }, { "eq", nil, false }, { "eq", "3", false }, { "eq", true, false },
    { "ne", 3, false }, { "ne", 4, true }, { "ne", nil, true },
    { "lt", 2, true }, { "lt", 3, false }, { "lt", nil, false }, { "lt", "2", false },
    { "gt", 4, true }, { "gt", 3, false }, { "gt", 3.5, true },
    { "lte", 3, true }, { "lte", 4, false }, { "gte", 3, true }, { "gte", 2, false }, { "gte", nil, false },
    { "in", 1, true }, { "in", 2, false }, { "in", nil, false }, { "nin", 2, true }, { "nin", 3, false }, { "nin", nil, true },
    { "exists", 0, true }, { "exists", nil, false }, { "nexists", nil, true }, { "nexists", false, false },
}

local function main()
    local function applies(name, actor, action, resource, meta)
        return security.new_scope({ "app.security:when_" .. name }):evaluate(actor, action, resource, meta) == "allow"
    end
    for _, case in ipairs(CASES) do
        local actor = security.new_actor("user-1", { level = case[2] })
        assert.eq(applies(case[1], actor, "a", "r"), case[3] == true, case[1] .. " " .. tostring(case[2]))
    end
    local one, other = security.new_actor("user-17"), security.new_actor("root")
    assert.is_true(applies("matches", one, "a", "r"))
    assert.is_false(applies("matches", other, "a", "r"))
    assert.is_false(applies("nmatches", one, "a", "r"))
    assert.is_true(applies("nmatches", other, "a", "r"))
    for _, tags in ipairs({ { "blue", "red" }, "dark red" }) do
        assert.is_true(applies("contains", one, "a", "r", { tags = tags }))
        assert.is_false(applies("ncontains", one, "a", "r", { tags = tags }))
    end
    assert.is_false(applies("contains", one, "a", "r", { tags = { "blue" } }))
    assert.is_false(applies("contains", one, "a", "r"))
    assert.is_true(applies("ncontains", one, "a", "r"))
    assert.is_true(applies("of_action", one, "look", "r"))
    assert.is_false(applies("of_action", one, "touch", "r"))
    assert.is_true(applies("of_resource", one, "a", "thing:1"))
    assert.is_false(applies("of_resource", one, "a", "something:1"))
end

return { main = main }
