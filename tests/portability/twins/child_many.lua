local function main(count)
  local events, sum = process.events(), 0
  for n = 1, count do process.spawn_monitored("app:part_adds_lua", "", n, n) end
  for _ = 1, count do sum = sum + events:receive().result.value end
  return sum
end

return {main = main}
