-- Waits for somebody's decision: a signal `approve` or `reject`, or the time-out, whichever comes first.
-- The wait may last a month: on a workflow host it costs a row, and restarts do not shorten or lengthen it.

local time = require("time")

local function main(request)
    local approve = process.listen("approve")
    local reject = process.listen("reject")
    local expired = time.after(request.timeout or "72h")
    local result = channel.select({
        approve:case_receive(),
        reject:case_receive(),
        expired:case_receive(),
    })
    if result.channel == approve then
        return {subject = request.subject, decision = "approved", by = result.value.by}
    elseif result.channel == reject then
        return {subject = request.subject, decision = "rejected", by = result.value.by}
    end
    return {subject = request.subject, decision = "expired"}
end

return {main = main}
