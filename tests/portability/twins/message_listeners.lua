local function main()
  local raw = process.listen("raw")
  local whole = process.listen("whole", {message = true})
  local one, two = raw:receive(), whole:receive()
  local other = process.inbox():receive()
  return {one, two:topic(), two:payload():data(), other:topic(), process.unlisten(raw), (process.unlisten(raw))}
end

return {main = main}
