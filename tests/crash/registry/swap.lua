-- The twin of swap.py.
local funcs = require("funcs")
local time = require("time")
local workflow = require("workflow")
local mark = "old"

local function swap(run)
  local inbox = process.inbox()
  local first = inbox:receive():payload():data()
  local taken = funcs.call("app:step", run, "take", 1)
  if mark == "old" then
    workflow.attrs({search = {mark = "old"}})
    coroutine.spawn(function() workflow.approval("look") end)
    coroutine.spawn(function() time.sleep("24h") end)
    process.with_options({["workflow.id"] = run .. "-child"}):spawn("app:left_lua", "app:flows")
  end
  local done = funcs.call("app:step", run, mark, 2)
  local second, third = inbox:receive():payload():data(), inbox:receive():payload():data()
  return {mark, taken, done, first, second, third}
end

local function child() return process.inbox():receive():payload():data() end

return {swap = swap, child = child}
