-- A run whose code changes under it: what it did with the old code is dropped, twice.
local funcs = require("funcs")
local time = require("time")
local uuid = require("uuid")
local mark = "old"

local function changing()
  local drawn = uuid.v4()
  funcs.call("app:double", mark == "old" and 1 or 2)
  if mark == "newer" then
    time.sleep("1ms")
  else
    funcs.call("app:shortly")
  end
  return {mark, #drawn, process.inbox():receive():payload():data()}
end

return {changing = changing}
