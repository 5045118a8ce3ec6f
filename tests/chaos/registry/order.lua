local funcs, process, time = require("funcs"), require("process"), require("time")

return function(number)
  local total = 0
  for step = 0, 2 do
    total = total + assert(funcs.call("app:charge", "order " .. number .. " step " .. step, number + step))
    time.sleep("50ms")
  end
  total = total + assert(process.exec("app:ship_lua", "app:flows", number))
  local message = process.inbox():receive()
  return total + message:payload():data()
end
