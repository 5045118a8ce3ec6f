local function main()
  local lock, order = channel.new(1), {}
  local done = channel.new(3)
  lock:send(true)
  for n = 1, 3 do
    coroutine.spawn(function()
      lock:receive()
      order[#order + 1] = "in " .. n
      funcs.call("app:mark", "alone " .. n)
      order[#order + 1] = "out " .. n
      lock:send(true)
      done:send(n)
    end)
  end
  for _ = 1, 3 do done:receive() end
  return order
end

return {main = main}
