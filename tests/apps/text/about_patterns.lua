local assert = require("assert")
local text = require("text")

local function main()
    local source = [[(?P<year>\d{4})-(\d\d)]]
    local re = text.regexp.compile(source)
    assert.eq(re:num_subexp(), 2)
    assert.same(re:subexp_names(), { "", "year", "" })
    assert.eq(re:subexp_index("year"), 1)
    assert.eq(re:subexp_index("month"), -1)
    assert.eq(re:string(), source)
    return true
end

return { main = main }
