local function main()
  local answers = process.listen("answer")
  local pid = process.spawn_monitored("app:part_talks_lua", "", process.pid())
  local hello = process.inbox():receive()
  local told = hello:from() == pid
  for n = 1, 3 do process.send(pid, "ask", n) end
  local seen = {}
  for n = 1, 3 do seen[n] = answers:receive() end
  process.send(pid, "end")
  return {told, seen, process.events():receive().result.value}
end

return {main = main}
