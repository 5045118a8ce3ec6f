-- The twin of control.py.
local funcs = require("funcs")
local workflow = require("workflow")

local function sale(run)
  local inbox = process.inbox()
  local taken = funcs.call("app:step", run, "take", 1)
  local message = inbox:receive()
  workflow.pause("look")
  local found, err = funcs.call("app:stock", run)
  if err then error(err) end
  return {taken, message:payload():data(), found, (funcs.call("app:step", run, "give", 2))}
end

local function tidy(run)
  local events = process.events()
  events:receive()
  funcs.call("app:step", run, "tidy", 3)
  error(errors.new({message = "tidied", kind = errors.CANCELED, retryable = false}))
end

return {sale = sale, tidy = tidy}
