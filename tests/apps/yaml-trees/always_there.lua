local assert = require("assert")

local function main()
    for _, name in ipairs({ "process", "channel", "payload", "os", "errors", "string", "table", "math", "coroutine" }) do
        assert.is_table(_G[name], name)
        assert.eq(require(name), _G[name], name)
    end
    for _, name in ipairs({ "print", "subscribe", "unsubscribe", "pcall", "tostring" }) do
        assert.is_function(_G[name], name)
    end
    assert.is_nil(os.execute)
    assert.is_nil(os.getenv)
end

return { main = main }
