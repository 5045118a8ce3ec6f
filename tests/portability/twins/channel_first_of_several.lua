local function main()
  local never, one, two = channel.new(0), channel.new(1), channel.new(1)
  two:send("two")
  one:send("one")
  local seen = {}
  for n = 1, 2 do
    seen[n] = channel.select({never:case_receive(), one:case_receive(), two:case_receive()}).value
  end
  return seen
end

return {main = main}
