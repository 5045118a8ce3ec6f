local assert = require("assert")
local text = require("text")

local function main()
    local splitter = text.splitter.markdown({ chunk_size = 60, heading_hierarchy = true })
    local chunks, err = splitter:split_text("# A\ntext a\n## B\ntext b\n# C\nend")
    assert.no_error(err)
    assert.same(chunks, { "# A\ntext a", "# A\n## B\ntext b", "# C\nend" })
    return true
end

return { main = main }
