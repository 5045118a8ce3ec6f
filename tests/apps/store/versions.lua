local checks = require("checks")

return {
    memory = function() return checks.versions("app.store:cache") end,
    sql = function() return checks.versions(checks.make_table()) end,
}
