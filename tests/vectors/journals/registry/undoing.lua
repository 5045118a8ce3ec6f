-- A saga that is cancelled, and cancelled again while it is undone: the first rules cut that short.

local function undoing()
  local saga = workflow.saga()
  saga:step("first", "app:double", 1, {compensate = {call = "app:double", input = 3}})
  saga:step("second", "app:double", 2, {compensate = "app:later"})
  process.inbox():receive()
end

return {undoing = undoing}
