local function main()
  local saga = workflow.saga()
  saga:step("room", "app:mark", "room", {compensate = {call = "app:mark", input = "undo room"}})
  process.send(ctx.get("observer"), "please", {"cancel", "enough"})
  time.sleep("1h")
end

return {main = main}
