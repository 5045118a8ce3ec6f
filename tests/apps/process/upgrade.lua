-- Two versions of one worker. `work` answers `who` with its version and goes on to the entry that `upgrade` names.
local function serve(version, ...)
  local born = process.id()
  local inbox = process.inbox()
  local args = {...}
  while true do
    local msg = inbox:receive()
    local topic, data = msg:topic(), msg:payload() and msg:payload():data()
    if topic == "who" then
      process.send(data, "version", {version = version, pid = process.pid(), id = process.id(), born = born, args = args,
        trap = process.get_options().trap_links})
    elseif topic == "trap" then
      process.set_options({trap_links = true})
    elseif topic == "upgrade" then
      process.upgrade(data.to, data.arg)
    elseif topic == "upgrade twice" then
      process.upgrade(nil, "again")
    elseif topic == "stop" then
      return "stopped as " .. version
    elseif topic == "fail" then
      error("failed as " .. version)
    elseif topic == "try" then
      local ok, err = process.upgrade(data.to)
      process.send(data.back, "tried", ok, err)
    elseif topic == "upgrade or end" then
      return process.upgrade(data.to)
    end
  end
end

return {
  one = function(...) return serve("one", ...) end,
  two = function(...) return serve("two", ...) end,
}
