local pg = require("pg")

local function main(parent, scope, group)
    local groups = pg.open(scope)
    groups:join(group)
    local inbox = process.inbox()
    process.send(parent, "joined", process.pid())
    while true do
        local msg = inbox:receive()
        if msg:topic() == "stop" then
            return "stopped"
        end
        process.send(parent, "heard", process.pid(), msg:topic(), msg:from(), msg:payload():data())
    end
end

return { main = main }
