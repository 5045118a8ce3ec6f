local function main()
  local box = channel.new(2)
  box:send("a")
  box:send("b")
  local full = channel.select({box:case_send("c"), default = true})
  box:close()
  local seen = {}
  for item in box:iter() do seen[#seen + 1] = item end
  return {full.default == true, seen}
end

return {main = main}
