local time = require("time")

local function main()
    coroutine.spawn(function()
        time.sleep("1ms")
        error("the child broke")
    end)
    time.sleep("10s")
    return "too late"
end

return { main = main }
