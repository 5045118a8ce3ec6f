local function main()
  local box = channel.new(1)
  box:close()
  local ok, err = pcall(function() box:send(1) end)
  local value, open = box:receive()
  return {ok, type(err) ~= "nil", value == nil, open}
end

return {main = main}
