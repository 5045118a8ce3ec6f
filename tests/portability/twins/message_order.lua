local function main(count)
  local observer = ctx.get("observer")
  for n = 1, count do
    process.send(observer, "n", n)
    if n % 3 == 0 then funcs.call("app:mark", n) end
  end
  process.send(observer, "last")
  return count
end

return {main = main}
