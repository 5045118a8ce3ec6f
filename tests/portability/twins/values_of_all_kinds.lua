local function main(value)
  local back = funcs.call("app:echo", value)
  return {back, back.number == value.number, back.list[3], back.nothing == nil}
end

return {main = main}
