local funcs = require("funcs")

local function main()
    return funcs.call("app.security:whoami")
end

return { main = main }
