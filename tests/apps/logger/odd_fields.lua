local assert = require("assert")
local logger = require("logger")

local function main()
    local loop = {}
    loop.self = loop
    logger:info("odd", { fn = print, ch = channel.new(), loop = loop, bytes = "\255", err = errors.new("e"), nan = 0 / 0 })
    logger:info("a list", { "first", "second", also = { 1, 2 } })
    logger:with({ "kept" }):info("by number", { [3] = true, [false] = 1 })
    logger:info("huge " .. string.rep("x", 100000))
    logger:info(42)
    logger:info(nil)
    logger:info(errors.new("an error is a text"))
    return true
end

return { main = main }
