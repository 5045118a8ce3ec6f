local ctx = require("ctx")

local function main(key)
    return ctx.get(key)
end

return { main = main }
