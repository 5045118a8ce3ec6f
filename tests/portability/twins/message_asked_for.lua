local function main()
  local observer = ctx.get("observer")
  process.send(observer, "please", {"send", "answer", {n = 7}})
  local message = process.inbox():receive()
  process.send(observer, "thanks", message.n)
  return {message:topic(), message.n, message:from() == observer}
end

return {main = main}
