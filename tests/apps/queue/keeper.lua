local queue = require("queue")

local before

local function main(body)
    local report = { held = before ~= nil }
    if before then
        report.id = before:id()
        report.ok, report.err = before:ack()
        report.nack_ok, report.nack = before:nack()
    end
    before = queue.message()
    process.send(body.to, "report", report)
end

return { main = main }
