local funcs = require("funcs")
local ctx = require("ctx")

local function main(more, key)
    local value, err = funcs.new():with_context(more):call("app.ctx:read", key)
    if err then return nil, err end
    return { theirs = value, mine = ctx.get(key) }
end

return { main = main }
