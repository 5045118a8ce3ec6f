local assert = require("assert")
local yaml = require("yaml")

local function main()
    local text, err = yaml.encode({ name = "ada", tags = { "a", "b" }, deep = { n = 1.5, ok = true } })
    assert.no_error(err)
    assert.same(yaml.decode(text), { name = "ada", tags = { "a", "b" }, deep = { n = 1.5, ok = true } })
    assert.eq(yaml.encode({ b = 1, a = 2 }), "a: 2\nb: 1\n")
    assert.eq(yaml.encode({ b = 1, a = 2, name = "x1" }, { field_order = { "name", "b" } }), "name: x1\nb: 1\na: 2\n")
    for _, text in ipairs({ "true", "1", "null", "~", "2024-01-02", "1e3", "", " a", "a: b", "#x", "- a", "yes" }) do
        assert.eq(yaml.decode(yaml.encode({ v = text })).v, text)
    end
    return true
end

return { main = main }
