-- The order saga. Every step that changes the world registers how to undo it; a failure undoes in reverse order.
--
-- Nothing here knows whether it runs durably: on a workflow host each call is journaled and never repeated once its
-- result is recorded, on a process host the same lines simply run.

local funcs = require("funcs")
local time = require("time")

local APPROVAL_FROM = 50000 -- cents
local ASK_AGAIN = "2s"

local function approved(order)
    if order.amount < APPROVAL_FROM then
        return true
    end
    local decisions = process.listen("decision")
    while true do
        -- The desk is an ephemeral actor: it may just be restarting, so ask until it answers.
        process.send("desk", "approval", {order = order.id, amount = order.amount, pid = process.pid()})
        local result = channel.select({decisions:case_receive(), time.after(ASK_AGAIN):case_receive()})
        if result.channel == decisions then
            return result.value.approved
        end
    end
end

local function undo(steps, order)
    for index = #steps, 1, -1 do
        local _, err = funcs.call(steps[index], order)
        if err then
            error(err)
        end
    end
end

local function main(order)
    local steps = {}

    local reserved, err = funcs.call("shop:reserve", order)
    if err then
        return {order = order.id, status = "refused", reason = err:message()}
    end
    table.insert(steps, "shop:release")

    if not approved(order) then
        undo(steps, order)
        return {order = order.id, status = "declined"}
    end

    local paid
    paid, err = funcs.call("shop:charge", order)
    if err then
        undo(steps, order)
        return {order = order.id, status = "unpaid", reason = err:message()}
    end
    table.insert(steps, "shop:refund")

    local shipped
    shipped, err = funcs.call("shop:ship", order, reserved.shelf)
    if err then
        undo(steps, order)
        return {order = order.id, status = "undeliverable", reason = err:message()}
    end

    local invoice = funcs.async("shop:invoice_number", order)
    local mail = funcs.async("shop:notify", order, shipped.parcel)
    local number = invoice:response():receive():data()
    mail:response():receive()

    return {order = order.id, status = "done", payment = paid.payment, parcel = shipped.parcel, invoice = number}
end

return {main = main}
