local function main()
  local ok, err = workflow.tokens.set("amount", 12.5)
  if err then return nil, err end
  workflow.tokens.set("parts", {{id = 1}, {id = 2}})
  local all = workflow.tokens.all()
  return {workflow.tokens.get("amount"), #all.parts, workflow.tokens.get("nothing") == nil}
end

return {main = main}
