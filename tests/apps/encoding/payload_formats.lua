local assert = require("assert")
local payload = require("payload")

local function main()
    assert.eq(payload.format.JSON, "json/plain")
    assert.eq(payload.format.YAML, "yaml/plain")
    assert.eq(payload.format.STRING, "text/plain")
    assert.eq(payload.format.BYTES, "application/octet-stream")
    assert.eq(payload.format.MSGPACK, "application/msgpack")
    assert.eq(payload.format.LUA, "lua/any")
    assert.eq(payload.format.GOLANG, "golang/any")
    assert.eq(payload.format.ERROR, "golang/error")
    return true
end

return { main = main }
