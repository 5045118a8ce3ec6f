local funcs, time = require("funcs"), require("time")

return function(given)
  assert(funcs.call("app:charge", "guarded " .. given.number .. " begins", 0))
  time.sleep("30ms")
  assert(funcs.call("app:charge", "guarded " .. given.number .. " ends", 0))
  return given.number
end
