local function main(count)
  local raw, squared = channel.new(0), channel.new(0)
  coroutine.spawn(function()
    for n = 1, count do raw:send(n) end
    raw:close()
  end)
  coroutine.spawn(function()
    for n in raw:iter() do squared:send(n * n) end
    squared:close()
  end)
  local seen = {}
  for n in squared:iter() do seen[#seen + 1] = funcs.call("app:double", n) end
  return seen
end

return {main = main}
