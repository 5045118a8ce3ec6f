local function main()
  local saga = workflow.saga()
  saga:step("room", "app:mark", "room", {compensate = {call = "app:mark", input = "undo room"}})
  saga:step("card", "app:mark", "card", {compensate = {call = "app:mark", input = "undo card"}})
  saga:defer(function() workflow.step("tell", "app:mark", "deferred") end)
  local _, err = saga:step("ship", "app:refuse", "ship")
  return nil, err
end

return {main = main}
