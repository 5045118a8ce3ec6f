local assert = require("assert")
local metrics = require("metrics")

local function main()
    local calls = {
        function() return metrics.counter_inc("app_orders") end,
        function() return metrics.counter_inc("app_orders", { country = "de" }) end,
        function() return metrics.counter_add("app_orders", 2.5, { country = "de", size = 3, express = true }) end,
        function() return metrics.gauge_set("app_open", 10) end,
        function() return metrics.gauge_inc("app_open") end,
        function() return metrics.gauge_dec("app_open", {}) end,
        function() return metrics.histogram("app_seconds", 0.25, { route = "/" }) end,
    }
    for i, call in ipairs(calls) do
        local ok, err = call()
        assert.no_error(err, i)
        assert.is_true(ok, i)
    end
    return true
end

return { main = main }
