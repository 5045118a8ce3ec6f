local assert = require("assert")
local funcs = require("funcs")

local function main()
    for _, key in ipairs({ "@actor", "@scope", "@other" }) do
        assert.throws(function() funcs.new():with_context({ [key] = { id = "root" } }) end, "must not begin with @")
        assert.throws(function() process.with_context({ [key] = { id = "root" } }) end, "must not begin with @")
    end
end

return { main = main }
