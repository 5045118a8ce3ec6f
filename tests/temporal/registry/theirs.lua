local function theirs(name, count)
  local total = 0
  workflow.set_query("total", function() return total end)
  workflow.on_update("add", {
    validate = function(n) if n < 0 then return nil, "negative" end end,
    handle = function(n)
      total = total + n
      return {total = total}
    end,
  })
  local items, seen = process.listen("item"), {}
  for n = 1, count do seen[n] = items:receive() end
  return {name = name, items = seen, total = total}
end

local function buying(queue)
  local charge = funcs.new():with_options({["activity.task_queue"] = queue})
  local card = {number = "4111", limit = 100}
  local charged = charge:call("app:charge", card, 50)
  local _, err = charge:call("app:charge", card, 500)
  local packing = process.with_options({["workflow.task_queue"] = queue})
  local events = process.events()
  local pid = packing:spawn("Packing", "", "o1")
  process.send(pid, "box", {size = 3})
  process.send(pid, "close")
  local packed = events:receive().result.value
  packing:spawn("Packing", "", "broken")
  local bad = events:receive().result.error
  return {
    charged = charged, packed = packed,
    refused = {err:kind(), err:message(), err:retryable()}, broken = {bad:kind(), bad:message()},
  }
end

return {theirs = theirs, buying = buying}
