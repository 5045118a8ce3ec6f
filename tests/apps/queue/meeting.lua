local queue = require("queue")

local function main(body)
    local go = process.listen("go")
    process.send(body.to, "begun", { n = body.n, from = process.pid() })
    go:receive()
end

return { main = main }
