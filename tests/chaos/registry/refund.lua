local funcs, process, workflow = require("funcs"), require("process"), require("workflow")

return function(number)
  workflow.saga():defer(function() funcs.call("app:charge", "refund " .. number .. " given back", 0) end)
  assert(funcs.call("app:charge", "refund " .. number .. " taken", 0))
  process.inbox():receive()
end
