local function main(amount)
  local total = 0
  for n = 1, amount do
    local doubled = funcs.call("app:double", n)
    if doubled % 3 == 0 then
      funcs.call("app:mark", "three at " .. n)
    else
      total = total + doubled
    end
  end
  return total
end

return {main = main}
