local checks = require("checks")

return {
    memory = function() return checks.basics("app.store:cache") end,
    sql = function() return checks.basics(checks.make_table()) end,
}
