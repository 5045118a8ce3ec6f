-- A session table in memory. After some ticks it finds the table corrupt and crashes; its supervisor starts it anew
-- with a clean one. State that must not be lost belongs into a workflow.

local time = require("time")
local logger = require("logger")

local function main(options)
    process.registry.register("sessions")
    local sessions = {}
    local ticks = 0
    local inbox = process.inbox()
    local events = process.events()
    local clock = time.ticker("100ms")
    while true do
        local result = channel.select({
            events:case_receive(),
            inbox:case_receive(),
            clock:channel():case_receive(),
        })
        if result.channel == events then
            if result.value.kind == process.event.CANCEL then
                return #sessions
            end
        elseif result.channel == inbox then
            local message = result.value
            table.insert(sessions, message:payload():data())
        else
            ticks = ticks + 1
            if options and options.crash_after and ticks >= options.crash_after then
                logger:warn("session table corrupt, giving up", {sessions = #sessions})
                error("session table corrupt after " .. ticks .. " ticks")
            end
        end
    end
end

return {main = main}
