local function main()
  local value = process.exec("app:part_adds_lua", ctx.get("host"), 20, 22)
  return {value, funcs.call("app:mark", "parent")}
end

return {main = main}
