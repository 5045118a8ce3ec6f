local time = require("time")

local function main(milliseconds)
    time.sleep(milliseconds * time.MILLISECOND)
    return milliseconds
end

return { main = main }
