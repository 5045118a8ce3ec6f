local function main()
  funcs.call("app:mark", "busy")
  local late = process.listen("late")
  local first = late:receive()
  return {first, (late:receive())}
end

return {main = main}
