local assert = require("assert")
local events = require("events")

local function main()
    local sub, err = events.subscribe("orders")
    assert.no_error(err)

    local ok, send_err = events.send("orders", "created", "/orders/1", { total = 12.5, lines = { "a", "b" } })
    assert.no_error(send_err)
    assert.is_true(ok)

    local event, open = sub:channel():receive()
    assert.is_true(open)
    assert.eq(event.system, "orders")
    assert.eq(event.kind, "created")
    assert.eq(event.path, "/orders/1")
    assert.same(event.data, { total = 12.5, lines = { "a", "b" } })

    events.send("orders", "deleted", "/orders/1")
    event = sub:channel():receive()
    assert.eq(event.kind, "deleted")
    assert.is_nil(event.data)
    sub:close()
    return true
end

return { main = main }
