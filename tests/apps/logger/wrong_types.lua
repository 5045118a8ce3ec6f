local assert = require("assert")
local logger = require("logger")

local function main()
    assert.throws(function() logger:info("x", "no table") end)
    assert.throws(function() logger:with("no table") end)
    assert.throws(function() logger:named("") end)
    assert.throws(function() logger:named(nil) end)
    assert.throws(function() logger.info("without self") end)
    assert.throws(function() logger.level = "debug" end, "read-only")
    return true
end

return { main = main }
