local function main()
  local one, two = uuid.v4(), uuid.v4()
  funcs.call("app:mark", "drawn")
  return {one, two, one, #one, one ~= two, uuid.version(one)}
end

return {main = main}
