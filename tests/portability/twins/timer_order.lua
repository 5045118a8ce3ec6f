local function main()
  local done = channel.new(0)
  coroutine.spawn(function() time.sleep("1500ms") done:send("late") end)
  coroutine.spawn(function() time.sleep("5ms") done:send("soon") end)
  local first = done:receive()
  return {first, (done:receive())}
end

return {main = main}
