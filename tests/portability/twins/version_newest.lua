local function main()
  local first = workflow.version("first", 0, 3)
  funcs.call("app:mark", "version " .. first)
  return {first, workflow.version("first", 1, 3), workflow.version("second", 2, 2)}
end

return {main = main}
