local funcs, process, time = require("funcs"), require("process"), require("time")

return function(number, signals)
  local total = 0
  for step = 0, 2 do
    total = total + assert(funcs.call("app:charge", "order " .. number .. " step " .. step, number + step))
    time.sleep("50ms")
  end
  total = total + assert(process.exec("app:ship_lua", "app:flows", number))
  local last = 0
  while last < signals do
    local item = process.inbox():receive():payload():data()
    if item > last + 1 then error("signal " .. item .. " came after " .. last) end
    last = math.max(last, item)
  end
  return total + last
end
