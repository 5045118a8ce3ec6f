-- A library that does what a durable run may not: whoever imports it may not run there either.
local fs = require("fs")
return {read = function(name) return fs.get(name) end}
