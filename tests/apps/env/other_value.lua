local env = require("env")

return { main = function(name) return env.get(name) end }
