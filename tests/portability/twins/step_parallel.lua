local function main()
  local both = workflow.parallel({
    function() return workflow.step("left", "app:double", 1) end,
    function() return workflow.step("right", "app:double", 2) end,
  })
  local some, failed = workflow.parallel({
    function() return workflow.step("good", "app:double", 3) end,
    function() return workflow.step("bad", "app:refuse", "all") end,
  }, {errors = "collect"})
  return {both, some[1], failed[2]:kind()}
end

return {main = main}
