local function main(count)
  local futures, answers = {}, {}
  for n = 1, count do futures[n] = funcs.async("app:double", n) end
  for n = 1, count do answers[n] = futures[n]:response():receive():data() end
  return answers
end

return {main = main}
