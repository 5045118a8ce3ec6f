local assert = require("assert")

local function main()
    assert.eq(select("#", print("a", 1, nil, true, {}, errors.new("e"))), 0)
    print()
    return true
end

return { main = main }
