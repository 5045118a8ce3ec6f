local function main()
  local out = channel.new(0)
  coroutine.spawn(function()
    for n = 1, 3 do
      out:send(n)
      funcs.call("app:mark", "sent " .. n)
    end
    out:close()
  end)
  local sum = 0
  for item in out:iter() do sum = sum + item end
  local value, open = out:receive()
  return {sum, value == nil, open}
end

return {main = main}
