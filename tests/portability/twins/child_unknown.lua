local function main()
  local _, err = process.spawn("app:nobody wrote this", "")
  local _, bad = process.exec("app:nobody wrote this", ctx.get("host"))
  return {err:kind(), bad:kind()}
end

return {main = main}
