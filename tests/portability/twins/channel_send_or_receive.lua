local function main()
  local out, back = channel.new(0), channel.new(0)
  coroutine.spawn(function()
    local got = out:receive()
    back:send("got " .. got)
  end)
  local seen = {}
  for n = 1, 2 do
    local chosen
    if n == 1 then
      chosen = channel.select({out:case_send("x"), back:case_receive()})
      seen[n] = chosen.channel == out
    else
      chosen = channel.select({back:case_receive()})
      seen[n] = chosen.value
    end
  end
  return seen
end

return {main = main}
