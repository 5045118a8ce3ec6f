local function main(items)
  local one_by_one = workflow.map("one", items, "app:double", {limit = 1})
  local together = workflow.map("all", items, function(item) return item + 1 end)
  return {one_by_one, together}
end

return {main = main}
