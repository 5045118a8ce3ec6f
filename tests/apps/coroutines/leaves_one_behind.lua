local time = require("time")

local function main()
    coroutine.spawn(function()
        time.sleep("1h")
        error("nobody waits for this")
    end)
    time.sleep("1ms")
    return "main is over"
end

return { main = main }
