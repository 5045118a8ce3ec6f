local assert = require("assert")
local logger = require("logger")

local function main()
    for _, level in ipairs({ "debug", "info", "warn", "error" }) do
        assert.is_function(logger[level])
        assert.eq(select("#", logger[level](logger, "plain")), 0, level)
        logger[level](logger, "with fields", { order = 7, deep = { list = { 1, 2 } } })
        logger[level](logger, "without any", {})
    end
    assert.is_userdata(logger)
    return true
end

return { main = main }
