local ctx = require("ctx")

local function main()
    local all = ctx.all()
    all.extra = true
    all.t.n = 2
    ctx.get("t").n = 3
    return { n = ctx.get("t").n, extra = ctx.all().extra or false }
end

return { main = main }
