local security = require("security")

local function main()
    process.registry.register("answering")
    local inbox = process.inbox()
    while true do
        local message = inbox:receive()
        local actor, scope = security.actor(), security.scope()
        local ids = {}
        for _, policy in ipairs(scope:policies()) do
            table.insert(ids, policy:id())
        end
        process.send(message:from(), "answer", {
            id = actor:id(),
            team = actor:meta().team,
            policies = table.concat(ids, " "),
        })
    end
end

return { main = main }
