local function main(parent)
  process.send(parent, "hello", 0)
  local count = 0
  for message in process.inbox():iter() do
    if message:topic() == "end" then return count end
    count = count + 1
    process.send(parent, "answer", message:payload():data() * 10)
  end
end

return {main = main}
