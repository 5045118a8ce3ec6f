local function main()
  local inbox, seen = process.inbox(), {}
  for n = 1, 3 do
    local message = inbox:receive()
    seen[n] = {message:topic(), message:payload():data()}
  end
  return seen
end

return {main = main}
