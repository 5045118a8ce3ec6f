local funcs, time = require("funcs"), require("time")

return function(number, milliseconds)
  assert(funcs.call("app:charge", "nap " .. number .. " begins", 0))
  time.sleep(milliseconds .. "ms")
  assert(funcs.call("app:charge", "nap " .. number .. " ends", 0))
  return number
end
