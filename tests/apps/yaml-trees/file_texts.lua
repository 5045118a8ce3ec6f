local assert = require("assert")
local registry = require("registry")

local function main()
    local note = "a note\nof two lines"
    local entry = registry.get("app.trees:texts")
    assert.eq(entry.meta.note, note)
    assert.eq(entry.data.plain, "not file://texts/note.txt")
    assert.eq(entry.data.listed[1], note)
    assert.eq(entry.data.deep.deeper.text, note)
    assert.eq(registry.get("app.trees:data_list").data[2].text, note)
    local deep = registry.get("app.trees.deep.er:nested.name_with.dots").data
    assert.eq(deep.text, "beside\n", "beside the file that names it")
    assert.eq(deep.root, note, "below a root")
    assert.contains(registry.get("app.trees:greeting").data.source, "function M.greet", "a source is its text")
end

return { main = main }
