local queue = require("queue")

local function main(body)
    local msg = queue.message()
    process.send(body.to or msg:header("to"), "report", {
        body = body,
        id = msg:id(),
        headers = msg:headers(),
        colour = msg:header("colour"),
        missing = msg:header("missing") == nil,
    })
end

return { main = main }
