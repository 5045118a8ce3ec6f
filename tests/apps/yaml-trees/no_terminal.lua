local assert = require("assert")
local io = require("io")

local function main()
    for _, call in ipairs({ io.print, io.write, io.readline, io.eprint }) do
        local none, err = call("x")
        assert.is_nil(none)
        assert.is_error(err, "Unavailable")
        assert.contains(err, "terminal.host")
    end
    local nothing, err = io.args()
    assert.is_nil(nothing)
    assert.is_error(err, "Unavailable")
    assert.is_true(io.flush())
end

return { main = main }
