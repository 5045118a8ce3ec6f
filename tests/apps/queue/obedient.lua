local queue = require("queue")

local function main(body)
    local msg = queue.message()
    local attempt = msg:attempts()
    local report = { name = body.name, attempt = attempt, id = msg:id() }
    local doing = attempt <= (body.times or 1) and body.first or "succeed"

    if doing == "ack" or doing == "nack" then
        report.ok, report.err = msg[doing](msg)
        report.again_ok, report.again = msg:ack()
        report.nack_ok, report.nack = msg:nack()
    end
    process.send(body.to, "report", report)
    if doing == "raise" then error("raised as told") end
    if doing == "fail" or body.and_fail then return nil, "failed as told" end
    return "whatever"
end

return { main = main }
