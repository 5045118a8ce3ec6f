-- What the tests share: starting workflows of this tree, and waiting with a limit.
local time = require("time")

local M = {WORKER = "app.workflows:worker", QUEUE = "workflows-queue"}

local function failed(text) error(text, 3) end

-- The result of a workflow; raises at the caller's line when it failed.
function M.run(name, ...)
  local value, err = process.exec("app.workflows:" .. name, M.WORKER, ...)
  if err then failed(name .. ": " .. tostring(err)) end
  return value
end

function M.exec(name, ...) return process.exec("app.workflows:" .. name, M.WORKER, ...) end

function M.spawn(name, ...)
  local pid, err = process.spawn("app.workflows:" .. name, M.WORKER, ...)
  if err then failed(name .. ": " .. tostring(err)) end
  return pid
end

function M.with(options)
  return process.with_options(options)
end

-- What comes from a channel within fifteen seconds.
function M.take(ch, what)
  local result = channel.select({ch:case_receive(), time.after("15s"):case_receive()})
  if result.channel ~= ch then failed("no " .. (what or "value") .. " within fifteen seconds") end
  return result.value
end

-- The next EXIT of this process, of `pid` if that is given.
function M.exit(pid)
  local event = M.take(process.events(), "exit")
  if event.kind ~= process.event.EXIT then failed("expected an EXIT, got " .. tostring(event.kind)) end
  if pid and event.from ~= pid then failed("expected the EXIT of " .. pid .. ", got that of " .. event.from) end
  return event.result
end

function M.nothing(ch, duration)
  local result = channel.select({ch:case_receive(), time.after(duration or "30ms"):case_receive()})
  if result.channel == ch then failed("expected nothing to come") end
end

return M
