local function main()
  local box = channel.new(1)
  subscribe("news", box)
  local first = box:receive()
  local gone = unsubscribe(box)
  process.send(process.pid(), "news", 2)
  local rest = process.inbox():receive()
  return {first, gone ~= false, rest:topic(), rest:payload():data()}
end

return {main = main}
