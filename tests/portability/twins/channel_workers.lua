local function main(jobs)
  local work, done = channel.new(jobs), channel.new(jobs)
  for n = 1, jobs do work:send(n) end
  work:close()
  for _ = 1, 2 do
    coroutine.spawn(function()
      for n in work:iter() do done:send(funcs.call("app:double", n)) end
    end)
  end
  local sum = 0
  for _ = 1, jobs do sum = sum + done:receive() end
  return sum
end

return {main = main}
