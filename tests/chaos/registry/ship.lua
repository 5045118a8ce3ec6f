local funcs = require("funcs")

return function(number)
  return assert(funcs.call("app:charge", "ship " .. number, 1))
end
