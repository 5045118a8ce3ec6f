local assert = require("assert")
local text = require("text")

local function main()
    local differ, err = text.diff.new()
    assert.no_error(err)
    local steps = differ:compare("hello world", "hello there world")
    assert.same(steps, {
        { operation = "equal", text = "hello " },
        { operation = "insert", text = "there " },
        { operation = "equal", text = "world" },
    })
    local sum = differ:summarize(steps)
    assert.eq(sum.insertions, 6)
    assert.eq(sum.deletions, 0)
    assert.eq(sum.equals, 11)
    assert.contains(differ:pretty_html(steps), "<ins")
    assert.contains(differ:pretty_text(steps), "there")
    local patches = differ:patch_make("the cat sat", "the dog sat")
    local made, complete = differ:patch_apply(patches, "the cat sat")
    assert.eq(made, "the dog sat")
    assert.is_true(complete)
    local bad
    bad, err = text.diff.new({ speed = 1 })
    assert.is_nil(bad)
    assert.is_error(err, errors.INVALID)
    return true
end

return { main = main }
