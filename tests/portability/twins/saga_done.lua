local function main()
  local saga = workflow.saga()
  local room = saga:step("room", "app:mark", "room", {compensate = {call = "app:mark", input = "undo room"}})
  saga:complete()
  return {room, funcs.call("app:mark", "end")}
end

return {main = main}
