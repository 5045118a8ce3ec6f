local checks = require("checks")

return {
    memory = function() return checks.ttl("app.store:cache") end,
    sql = function() return checks.ttl(checks.make_table()) end,
}
