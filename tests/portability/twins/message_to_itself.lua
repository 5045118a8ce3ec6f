local function main()
  local me = process.pid()
  process.send(me, "mine", {n = 5})
  local message = process.inbox():receive()
  return {message:topic(), message.n, message:from() == me}
end

return {main = main}
