local time = require("time")

local function main()
    time.sleep("20ms")
    error("no luck")
end

return { main = main }
