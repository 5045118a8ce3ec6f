local function main()
  local _, err = process.exec("app:part_fails_lua", ctx.get("host"))
  return {err:kind(), err:retryable(), err:details().why}
end

return {main = main}
