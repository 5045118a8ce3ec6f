local events = require("events")

local function main(system, count)
    for i = 1, count do
        events.send(system, "tick", "/" .. i, i)
    end
    return count
end

return { main = main }
