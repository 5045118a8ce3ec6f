local funcs = require("funcs")
local process = require("process")
local time = require("time")
local uuid = require("uuid")

local function main(order)
  local reserved, err = funcs.call("app:reserve", order)
  if err then return {status = "refused", reason = err:message()} end
  local approve = process.listen("approve")
  local result = channel.select({approve:case_receive(), time.after("1m"):case_receive()})
  if result.channel ~= approve then return {status = "timed out"} end
  local number = uuid.v4()
  local shipped = funcs.call("app:ship", order, number)
  return {status = "shipped", reserved = reserved, number = number, shipped = shipped, by = result.value.by}
end

return {main = main}
