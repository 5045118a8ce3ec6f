local function main()
  local events = process.events()
  process.with_options({}):with_message("ask", 1):with_message("ask", 2):with_message("end")
    :spawn_monitored("app:part_talks_lua", "", process.pid())
  local inbox, seen = process.inbox(), {}
  for n = 1, 3 do
    local message = inbox:receive()
    seen[n] = {message:topic(), message:payload():data()}
  end
  return {seen, events:receive().result.value}
end

return {main = main}
