local assert = require("assert")
local payload = require("payload")
local funcs = require("funcs")
local process = require("process")

local function main()
    local value, err = funcs.call("app.encoding:echo", payload.new({ n = 1 }))
    assert.no_error(err)
    assert.same(value, { n = 1 })
    value = funcs.call("app.encoding:echo", payload.new({ n = 2 }):transcode(payload.format.JSON))
    assert.same(value, { n = 2 })
    local box = process.listen("box")
    process.send(process.pid(), "box", payload.new("hello"))
    assert.eq(box:receive(), "hello")
    return true
end

return { main = main }
