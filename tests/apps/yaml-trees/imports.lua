local assert = require("assert")

local function main()
    assert.eq(greeting.greet("you"), "hello you")
    assert.eq(chained.twice("you"), "hello you, hello you")
    assert.eq(require("greeting"), greeting)
    assert.eq(one.one(), 1)
    assert.eq(of_function.value, "of a function")
end

return { main = main }
