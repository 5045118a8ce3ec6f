local assert = require("assert")

local function main()
    local input = process.listen("input")
    assert(process.send("trees service", "what"))
    assert.same(input:receive(), { 1, "two", { three = 3 } })
end

return { main = main }
