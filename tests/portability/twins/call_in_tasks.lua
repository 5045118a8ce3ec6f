local function main()
  local done = channel.new(3)
  for _, name in ipairs({"a", "b", "c"}) do
    coroutine.spawn(function() done:send(funcs.call("app:mark", name)) end)
  end
  local seen = {}
  for n = 1, 3 do seen[n] = done:receive() end
  table.sort(seen)
  return seen
end

return {main = main}
