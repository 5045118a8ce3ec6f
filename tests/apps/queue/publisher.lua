local queue = require("queue")

local function main(to)
    queue.publish("app.queue:reported", { to = to, n = "from a process" })
    local _, err = queue.message()
    return err:kind()
end

return { main = main }
