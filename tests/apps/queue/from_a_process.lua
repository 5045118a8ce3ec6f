local assert = require("assert")
local queue = require("queue")

local function main()
    local report = process.listen("report")
    local kind, err = process.exec("app.queue:publisher", "app.lib:processes", process.pid())
    assert.no_error(err)
    assert.eq(kind, errors.INVALID, "a process handles no message")
    assert.eq(report:receive().body.n, "from a process")
    return true
end

return { main = main }
