-- A run that is asked to add numbers and continues as a new one after every third: three runs in all.
local funcs = require("funcs")
local time = require("time")
local workflow = require("workflow")

local function over(me, turn, added)
  local done = channel.new(9)
  workflow.on_update("add", function(number)
    funcs.call("app:step", me, "added " .. number, 0)
    added[#added + 1] = number
    done:send(number)
    return {turn, number}
  end)
  if turn == 1 then workflow.on_update("slow", function() time.sleep("1h") end) end
  if turn == 3 then workflow.on_update("later", function() return turn end) end
  while #added < 3 * turn do done:receive() end
  if turn < 3 then workflow.continue_as_new(me, turn + 1, added) end
  workflow.wait_until("updates", workflow.all_handlers_finished)
  return {added = added, turn = turn}
end

return {over = over}
