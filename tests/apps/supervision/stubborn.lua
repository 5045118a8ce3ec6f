-- Is asked to stop and goes on.
local function main()
    local events, inbox = process.events(), process.inbox()
    while true do
        channel.select({ events:case_receive(), inbox:case_receive() })
    end
end

return { main = main }
