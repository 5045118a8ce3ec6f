local function main()
  local hasty = funcs.new():with_options({timeout = "60ms"})
  local _, err = hasty:call("app:hang")
  return {err:kind(), funcs.call("app:mark", "afterwards")}
end

return {main = main}
