local function main(depth)
  if depth == 0 then return funcs.call("app:mark", "bottom") end
  local value = process.exec("app:child_of_child_lua", ctx.get("host"), depth - 1)
  funcs.call("app:mark", "up " .. depth)
  return {depth, value}
end

return {main = main}
