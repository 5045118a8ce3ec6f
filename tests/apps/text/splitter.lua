local assert = require("assert")
local text = require("text")

local function main()
    local splitter, err = text.splitter.recursive({ chunk_size = 20, chunk_overlap = 5 })
    assert.no_error(err)
    local chunks
    chunks, err = splitter:split_text("the quick brown fox jumps over the lazy dog\n\nand then more")
    assert.no_error(err)
    assert.same(chunks, { "the quick brown fox", "fox jumps over the", "the lazy dog", "and then more" })
    local pages = splitter:split_batch({ { content = "one two three four five six", metadata = { page = 1 } }, { content = "x", metadata = { page = 2 } } })
    assert.eq(#pages, 3)
    assert.eq(pages[1].metadata.page, 1)
    assert.eq(pages[3].content, "x")
    assert.eq(pages[3].metadata.page, 2)
    local bad
    bad, err = text.splitter.recursive({ chunk_size = 5, chunk_overlap = 5 })
    assert.is_nil(bad)
    assert.is_error(err, errors.INVALID)
    return true
end

return { main = main }
