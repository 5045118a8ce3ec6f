local function main()
  local before = time.now()
  time.sleep("20ms")
  local after = time.now()
  return {after:sub(before):milliseconds() >= 20, time.parse_duration("1m30s"):seconds()}
end

return {main = main}
