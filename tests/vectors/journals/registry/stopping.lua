local funcs, workflow = require("funcs"), require("workflow")

local function stopping()
  local calls = funcs.new():with_options({["activity.wait_for_cancellation"] = true})
  local future = calls:async("app:endless")
  workflow.sleep("a while", "10ms")
  future:cancel()
  future:response():receive()
  return future:is_canceled()
end

return {stopping = stopping}
