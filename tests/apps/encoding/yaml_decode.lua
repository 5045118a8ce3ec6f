local assert = require("assert")
local yaml = require("yaml")

local function main()
    local value, err = yaml.decode([[
    name: ada
    count: 3
    ratio: 0.5
    ok: true
    nothing: null
    list:
      - one
      - two: 2
    base: &base {a: 1, b: 2}
    more:
      <<: *base
      b: 3
    block: |
      line one
      line two
    folded: >
      a
      b
    ]])
    assert.no_error(err)
    assert.eq(value.name, "ada")
    assert.eq(value.count, 3)
    assert.eq(value.ratio, 0.5)
    assert.is_true(value.ok)
    assert.is_nil(value.nothing)
    assert.same(value.list, { "one", { two = 2 } })
    assert.same(value.more, { a = 1, b = 3 })
    assert.eq(value.block, "line one\nline two\n")
    assert.eq(value.folded, "a b\n")
    assert.eq(yaml.decode("just text"), "just text")
    assert.same(yaml.decode("[1, 2, 3]"), { 1, 2, 3 })
    return true
end

return { main = main }
