local M = {}

function M.link()
  local funcs, workflow = require("funcs"), require("workflow")
  funcs.call("app:note", workflow.info().run_id)
end

function M.shaky(times)
  local errors, funcs, workflow = require("errors"), require("funcs"), require("workflow")
  local info = workflow.info()
  funcs.call("app:note", info.run_id)
  if info.attempt <= times then return nil, errors.new({message = "not yet", retryable = true}) end
  return info.attempt
end

function M.mail()
  local process = require("process")
  local got = {}
  while true do
    local message = process.inbox():receive()
    if message:topic() == "last" then return got end
    got[#got + 1] = message:payload():data()
  end
end

return M
