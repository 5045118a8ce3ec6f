local assert = require("assert")
local time = require("time")

local function main()
    local answers = process.listen("answer")
    local sent, err
    for _ = 1, 50 do
        sent, err = process.send("answering", "who")
        if sent then break end
        time.sleep("10ms")
    end
    assert.no_error(err)
    local who = answers:receive()
    assert.eq(who.id, "the-service")
    assert.eq(who.team, "blue")
    assert.eq(who.policies, "app.security:call_helpers app.security:entry_scope")
end

return { main = main }
