local funcs = require("funcs")

local function run()
    local number, err = funcs.call("shop:invoice_number", {number = 42})
    assert(not err, tostring(err))
    assert(number == "INV-000042", "got " .. tostring(number))
end

return {run = run}
