local function main()
  local shared = {0}
  local back = funcs.call("app:changed", {shared, shared})
  return {back, shared}
end

return {main = main}
