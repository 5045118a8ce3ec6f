local function main(n)
  local squared = workflow.step("square", function(x) return x * x end, n)
  local drawn = workflow.step("draw", function() return #uuid.v4() end)
  local called = workflow.step("call", function() return workflow.step("inner", "app:double", n) end)
  return {squared, drawn, called}
end

return {main = main}
