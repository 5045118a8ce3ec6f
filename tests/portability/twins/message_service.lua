local function main()
  local total, observer = 0, ctx.get("observer")
  for message in process.inbox():iter() do
    if message:topic() == "end" then return total end
    total = total + message:payload():data()
    process.send(observer, "total", total)
    funcs.call("app:mark", total)
  end
end

return {main = main}
