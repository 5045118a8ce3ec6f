local function main()
  process.send(ctx.get("observer"), "please", {"cancel", "enough"})
  local ok, err = pcall(time.sleep, "1h")
  return {ok, err:kind(), funcs.call("app:mark", "cleaned")}
end

return {main = main}
