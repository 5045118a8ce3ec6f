-- A run that drops a child with the code that had started it, and says what it heard of children.
local funcs = require("funcs")
local mark = "old"

local function orphaning()
  funcs.call("app:double", 1)
  if mark == "old" then
    process.spawn("app:waiting_lua", "app:flows")
  else
    funcs.call("app:double", 2)
  end
  local heard, told, inbox = {}, process.events(), process.inbox()
  while true do
    local picked = channel.select{told:case_receive(), inbox:case_receive()}
    if picked.channel == inbox then return {mark, #heard} end
    heard[#heard + 1] = picked.value.kind
  end
end

local function waiting() return process.inbox():receive():payload():data() end

return {orphaning = orphaning, waiting = waiting}
