local function main()
  local ready = channel.new(2)
  for n = 1, 2 do
    coroutine.spawn(function()
      ready:send(n)
      pcall(time.sleep, "1h")
      funcs.call("app:mark", "task " .. n)
    end)
  end
  ready:receive()
  ready:receive()
  process.send(ctx.get("observer"), "please", {"cancel", "enough"})
  local ok = pcall(time.sleep, "1h")
  funcs.call("app:mark", "main")
  return ok
end

return {main = main}
