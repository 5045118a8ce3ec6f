local function main()
  local value, err = funcs.call("app:refuse", "pears")
  if err then return nil, err end
  return value
end

return {main = main}
