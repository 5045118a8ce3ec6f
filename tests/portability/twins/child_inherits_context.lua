local function main()
  local inherited = process.exec("app:part_context_lua", ctx.get("host"))
  local given = process.with_context({tenant = "acme"}):exec("app:part_context_lua", ctx.get("host"))
  return {inherited, given}
end

return {main = main}
