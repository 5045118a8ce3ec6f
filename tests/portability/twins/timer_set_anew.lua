local function main()
  local timer = time.timer("1h")
  local running = timer:reset("5ms")
  local _, open = timer:response():receive()
  return {running, open, timer:stop()}
end

return {main = main}
