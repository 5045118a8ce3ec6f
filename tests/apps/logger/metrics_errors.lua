local assert = require("assert")
local metrics = require("metrics")

local function refused(ok, err)
    assert.is_nil(ok)
    assert.is_error(err, errors.INVALID)
    assert.is_false(err:retryable())
end

local function main()
    refused(metrics.counter_inc(""))
    refused(metrics.counter_inc(nil))
    refused(metrics.counter_inc(7))
    refused(metrics.counter_inc("n", "labels"))
    refused(metrics.counter_inc("n", { a = {} }))
    refused(metrics.counter_add("n", -1))
    refused(metrics.counter_add("n", "1"))
    refused(metrics.counter_add("n"))
    refused(metrics.gauge_set("n", 0 / 0))
    refused(metrics.gauge_set("n", true))
    refused(metrics.histogram("n", 1 / 0))
    return true
end

return { main = main }
