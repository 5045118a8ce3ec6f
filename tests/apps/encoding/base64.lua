local assert = require("assert")
local base64 = require("base64")

local function main()
    assert.eq(base64.encode("hello"), "aGVsbG8=")
    assert.eq(base64.decode("aGVsbG8="), "hello")
    assert.eq(base64.encode(""), "")
    assert.eq(base64.decode(""), "")
    local all = {}
    for i = 0, 255 do all[#all + 1] = string.char(i) end
    local bytes = table.concat(all)
    assert.eq(base64.decode(base64.encode(bytes)), bytes)
    return true
end

return { main = main }
