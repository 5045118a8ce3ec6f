local assert = require("assert")
local payload = require("payload")
local json = require("json")
local yaml = require("yaml")

local function main()
    local p = payload.new({ name = "ada", list = { 1, 2 } })
    local j, err = p:transcode(payload.format.JSON)
    assert.no_error(err)
    assert.eq(j:get_format(), payload.format.JSON)
    assert.same(json.decode(j:data()), { name = "ada", list = { 1, 2 } })
    assert.same(j:unmarshal(), { name = "ada", list = { 1, 2 } })
    local y = j:transcode(payload.format.YAML)
    assert.same(yaml.decode(y:data()), { name = "ada", list = { 1, 2 } })
    assert.same(y:transcode(payload.format.LUA):data(), { name = "ada", list = { 1, 2 } })
    local m = p:transcode(payload.format.MSGPACK)
    assert.eq(m:get_format(), payload.format.MSGPACK)
    assert.same(m:unmarshal(), { name = "ada", list = { 1, 2 } })
    assert.eq(payload.new({ 1, "a" }):transcode(payload.format.MSGPACK):data(), "\x92\x01\xa1a")
    assert.eq(math.type(payload.new(2.0):transcode(payload.format.MSGPACK):unmarshal()), "float")
    assert.eq(payload.new(5):transcode(payload.format.STRING):data(), "5")
    assert.eq(payload.new("bytes"):transcode(payload.format.BYTES):data(), "bytes")
    for _, bad in ipairs({ "no/format", payload.format.STRING, 5 }) do
        local made, problem = p:transcode(bad)
        assert.is_nil(made)
        assert.is_error(problem, errors.INTERNAL)
        assert.is_false(problem:retryable())
    end
    return true
end

return { main = main }
