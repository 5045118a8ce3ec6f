local function main()
  local total, done = 0, channel.new(1)
  workflow.set_query("total", function() return total end)
  workflow.on_update("add", {
    validate = function(n) if n < 0 then return nil, "negative" end end,
    handle = function(n) total = total + n return total end,
  })
  workflow.on_update("end", function() done:send(true) return "ended" end)
  process.send(ctx.get("observer"), "please", {"ask"})
  done:receive()
  return {total, funcs.call("app:mark", "answered")}
end

return {main = main}
