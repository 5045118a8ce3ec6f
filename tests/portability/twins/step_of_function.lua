local function main(price)
  local doubled = workflow.step("price", "app:double", price)
  local _, err = workflow.step("refuse", "app:refuse", "figs")
  return {doubled, err:kind(), err:message()}
end

return {main = main}
