local funcs = require("funcs")

local function main(order)
  local reserved, err = funcs.call("app:refuse", order)
  return reserved, err
end

return {main = main}
