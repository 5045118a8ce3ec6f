local function main()
  local one = funcs.async("app:double", 4)
  local two = funcs.async("app:mark", "two")
  local second = two:response():receive()
  local first = one:response():receive()
  return {first:data(), second:data()}
end

return {main = main}
