-- A process that takes its messages late, and tells which ones it got.
local function main(to)
  process.listen("go"):receive()
  local inbox, got = process.inbox(), {}
  while true do
    local result = channel.select{inbox:case_receive(), default = true}
    if result.default then break end
    got[#got + 1] = result.value:payload():data()
  end
  process.send(to, "got", got)
end

return {main = main}
