-- An order that is signalled, updated and approved, and a run that waits for its end.

local function order()
  local total, seen, known = 0, {}, {}
  workflow.set_query("total", function() return total end)
  workflow.on_update("add", {
    validate = function(number) return number > 0 end,
    handle = function(number)
      total = total + number
      return total
    end,
  })
  coroutine.spawn(function()
    for message in process.inbox():iter() do
      local number = message:payload():data()
      if not known[number] then
        known[number] = true
        seen[#seen + 1] = number
      end
    end
  end)
  local complete = workflow.wait_until("complete", function() return total >= 3 and #seen >= 3 end, {timeout = "1h"})
  local answer, err = workflow.approval("refund", {schema = {type = "integer"}, expiry = "1h"})
  if err then return nil, err end
  return {complete = complete, total = total, seen = seen, data = answer.data, by = answer.by}
end

local function watcher(order_id)
  local reached, err = workflow.wait_for("", order_id, "completed", {timeout = "1h"})
  if err then return nil, err end
  return reached.state
end

return {order = order, watcher = watcher}
