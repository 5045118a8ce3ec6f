local function main(count)
  local ticker = time.ticker("5ms")
  for n = 1, count do
    ticker:response():receive()
    funcs.call("app:mark", "tick " .. n)
  end
  ticker:stop()
  return count
end

return {main = main}
