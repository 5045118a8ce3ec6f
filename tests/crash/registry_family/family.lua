-- A parent with a child of each close policy and one that is brief, and an actor that watches them all.
local POLICIES = {"terminate", "request_cancel", "abandon"}

local function parent(id)
  local events = process.events()
  for _, policy in ipairs(POLICIES) do
    local options = {["workflow.id"] = id .. "-" .. policy, ["workflow.parent_close_policy"] = policy}
    local _, err = process.with_options(options):spawn("app:child_lua", "app:flows", policy)
    if err then return nil, err end
  end
  process.with_options({["workflow.id"] = id .. "-brief"}):spawn("app:brief_lua", "app:flows")
  local value, failed = process.exec("app:brief_lua", "app:flows")
  if failed then return nil, failed end
  local heard, inbox = {value}, process.inbox()
  while true do
    local got = channel.select({events:case_receive(), inbox:case_receive()})
    if got.channel == inbox then return heard end
    heard[#heard + 1] = got.value.result.value
  end
end

local function child(policy)
  local events, inbox = process.events(), process.inbox()
  local got = channel.select({events:case_receive(), inbox:case_receive()})
  if got.channel == inbox then return "told" end
  require("funcs").call("app:note", policy)
  return "cleaned"
end

local function brief() return "brief" end

local function watcher(to, ...)
  process.set_options({trap_links = true})
  local events, inbox, heard = process.events(), process.inbox(), {}
  for _, pid in ipairs({...}) do
    local ok, err = process.monitor(pid)
    if ok then ok, err = process.link(pid) end
    if err then return nil, err end
  end
  process.registry.register("watcher of " .. to)
  while true do
    local got = channel.select({events:case_receive(), inbox:case_receive()})
    if got.channel == inbox then return heard end
    heard[#heard + 1] = {got.value.from, got.value.type, got.value.result.error and "failed" or "well"}
  end
end

return {parent = parent, child = child, brief = brief, watcher = watcher}
