-- The twin of flows.py.
local funcs = require("funcs")
local time = require("time")
local uuid = require("uuid")

local function waiting(number)
  local first = funcs.call("app:plus", number)
  local token = uuid.v4()
  local message = process.inbox():receive()
  return {first, message:payload():data(), funcs.call("app:plus", first), #token}
end

local function sleeping(number)
  time.sleep("1h")
  return funcs.call("app:plus", number)
end

local function retrying(number)
  return funcs.call("app:late", number)
end

local function parent(number)
  return {"child", process.exec("app:waiting_lua", "app:flows", number)}
end

local function failing(number)
  error("got " .. funcs.call("app:plus", number))
end

return {waiting = waiting, sleeping = sleeping, retrying = retrying, parent = parent, failing = failing}
