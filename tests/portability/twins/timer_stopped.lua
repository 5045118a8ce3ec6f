local function main()
  local timer = time.timer("1h")
  local stopped, again = timer:stop(), timer:stop()
  funcs.call("app:mark", "stopped")
  return {stopped, again}
end

return {main = main}
