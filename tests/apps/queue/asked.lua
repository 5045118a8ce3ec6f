local queue = require("queue")

local function main()
    local msg, err = queue.message()
    return msg and msg:id() or err:kind()
end

return { main = main }
