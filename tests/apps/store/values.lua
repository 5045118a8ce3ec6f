local checks = require("checks")

return {
    memory = function() return checks.values("app.store:cache") end,
    sql = function() return checks.values(checks.make_table()) end,
}
