-- A parent that is cancelled while it waits for its child, and the child, which cleans up.
local funcs = require("funcs")

local function parent(me, cancellation)
  local options = {
    ["workflow.id"] = me .. "-child",
    ["workflow.parent_close_policy"] = "abandon",
    ["workflow.cancellation_type"] = cancellation,
  }
  local value, err = process.with_options(options):exec("app:child_lua", "app:flows", me)
  if not err then return value end
  funcs.call("app:note", me, "after")
  return "given up"
end

local function child(me)
  local went, err = pcall(function()
    local _, given_up = funcs.call("app:note", me, "begun")
    if given_up then error(given_up) end
    process.inbox():receive()
  end)
  if went then return "went" end
  require("time").sleep("5ms")
  funcs.call("app:note", me, "cleaned")
  error(err)
end

return {parent = parent, child = child}
