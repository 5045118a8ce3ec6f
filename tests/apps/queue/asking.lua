local funcs = require("funcs")
local queue = require("queue")

local function main(body)
    local msg, err = queue.message()
    process.send(body.to, "report", { mine = msg and msg:id(), err = err, others = funcs.call("app.queue:asked") })
end

return { main = main }
