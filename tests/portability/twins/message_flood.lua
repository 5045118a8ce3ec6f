local function main(count)
  process.send(ctx.get("observer"), "please", {"flood", count})
  local inbox, seen = process.inbox(), {}
  for n = 1, count do seen[n] = inbox:receive():payload():data() end
  return seen
end

return {main = main}
