local funcs = require("funcs")

local function main(order)
  local reserved = funcs.call("app:refuse", order)
  return reserved
end

return {main = main}
