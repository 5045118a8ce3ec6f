-- The twin of flows.py.
local ctx = require("ctx")
local funcs = require("funcs")
local sql = require("sql")
local time = require("time")
local uuid = require("uuid")
local workflow = require("workflow")

local quick = funcs.new():with_options({retry = {initial_delay = "2ms"}})
local short = funcs.new():with_options({retry = {initial_delay = "2ms", backoff_factor = 1}, timeout = "20ms"})

-- Books, pays, and fails, or waits to be cancelled; what was done is undone.
local function book(run, how)
  local saga = workflow.saga()
  saga:step("book", "app:step", nil, {args = {run, "book", 1}, compensate = "app:undo"})
  saga:defer(function() return workflow.step("tell", "app:step", nil, {args = {run, "tell", 1}}) end)
  saga:step("pay", "app:step", nil, {args = {run, "pay", 2}, compensate = "app:undo"})
  if how == "refuse" then
    local _, err = saga:step("last", "app:refuse", nil, {args = {run, "last"}})
    saga:compensate(err)
    return nil, err
  end
  if how ~= "" then assert(process.send(how, "ready", run)) end  -- a cancellation may come before this is known to be sent
  time.sleep("24h")
end

local function calls(run)
  local token, number = uuid.v4(), math.random(1, 1000)
  local version = workflow.version("total", 1, 2)
  workflow.attrs({search = {order = run}, memo = {note = "all"}})
  workflow.tokens.set("token", token, {step = "begin"})
  local echoed = quick:call("app:step", run, "take", token)
  local shaken = quick:call("app:flaky", run, "shake", number)
  local _, refused = funcs.call("app:refuse", run, "refuse")
  local _, late = short:call("app:never")
  local db = sql.get("app:db")
  db:execute("CREATE TABLE IF NOT EXISTS kept (run TEXT PRIMARY KEY, number INTEGER)")
  db:execute("INSERT OR REPLACE INTO kept VALUES (?, 5)", {run})
  local left, right = funcs.async("app:step", run, "left", 1), funcs.async("app:step", run, "right", 2)
  return {
    same = echoed == token and shaken == number and workflow.tokens.get("token") == token,
    version = version,
    beaten = quick:call("app:beating"),
    booked = quick:call("app:book", run),
    refused = refused:message(),
    late = late:kind(),
    kept = db:query("SELECT number FROM kept WHERE run = ?", {run}),
    both = {left:response():receive():data(), right:response():receive():data()},
  }
end

local function steps(run)
  local plain = workflow.step("plain", function() return {1, 2} end)
  local drawn = workflow.step("drawn", uuid.v4)
  local function nested()
    workflow.sleep("nap", "2ms")
    return workflow.step("echo", "app:step", nil, {args = {run, "echo", drawn}})
  end
  local function item(value, place) return funcs.call("app:step", run, "item " .. place - 1, value) end
  local both = workflow.parallel({
    function() return workflow.step("nested", nested) end,
    function() return funcs.call("app:step", run, "beside", 5) end,
  })
  local items = workflow.map("item", {10, 20, 30}, item, {limit = 2})
  local _, refused = book(run, "refuse")
  return {plain = plain, same = both[1] == drawn, items = items, refused = refused:message()}
end

local function times()
  local began = time.now()
  local ticker = time.ticker("2ms")
  for _ = 1, 2 do ticker:channel():receive() end
  ticker:stop()
  local silence = process.listen("silence")
  local timer = time.timer("1h")
  local result = channel.select({silence:case_receive(), time.after("2ms"):case_receive()})
  local stopped = timer:stop()
  time.sleep("1ms")
  return {silent = result.channel ~= silence, stopped = stopped, later = time.now():after(began)}
end

local function waits(run, sum)
  local complete = workflow.wait_until("complete", function() return sum() >= 3 end, {timeout = "1h"})
  local answer = workflow.approval("refund", {schema = {type = "integer"}, expiry = "1h"})
  local _, nobody = workflow.approval("nobody", {expiry = "3ms"})
  local pid = process.with_options({["workflow.key"] = run}):spawn("app:child_lua", "app:flows", run, 1)
  local reached = workflow.wait_for("app:child_lua", run, "completed", {timeout = "1h"})
  local given = workflow.suspend("look outside")
  return {
    complete = complete, data = answer.data, by = answer.by, nobody = nobody:kind(),
    reached = reached.state, child = pid:sub(-#run - 16) == "|app:child_lua/" .. run .. "}", given = given,
  }
end

local function ending(run, told)
  local events, ready, go = process.events(), process.listen("ready"), process.listen("go")
  local pid = process.spawn("app:booking_lua", "app:flows", run, process.pid())
  ready:receive()
  process.cancel(pid, "enough")
  local ended = events:receive()
  while ended.from ~= pid do ended = events:receive() end
  told.cancelled = ended.result.error:kind()
  told.went = go:receive()
  local stock, err = funcs.call("app:stock", run)
  if err then error(err) end
  told.stock = stock
  told.last = workflow.step("last", "app:step", nil, {args = {run, "last", 7}})
  return told
end

local function everything(run, language, generation, told)
  if generation == 2 then return ending(run, told) end
  local numbers = process.listen("number")
  local total = 0
  workflow.set_query("total", function() return total end)
  workflow.on_update("add", {
    validate = function(number) return number > 0 end,
    handle = function(number)
      total = total + number
      return total
    end,
  })
  process.registry.register("name of " .. run)
  local result = {calls = calls(run), steps = steps(run), times = times()}
  local seen, known = {}, {}
  while #seen < 3 do
    local number = numbers:receive()
    if not known[number] then
      known[number] = true
      seen[#seen + 1] = number
    end
  end
  result.seen, result.waits = seen, waits(run, function() return total end)
  workflow.pause("look inside")
  result.child = workflow.exec("app:child_lua", run, 10)
  for _, policy in ipairs({"terminate", "request_cancel", "abandon"}) do
    local options = {["workflow.id"] = policy .. " of " .. run, ["workflow.parent_close_policy"] = policy}
    process.with_options(options):spawn("app:left_lua", "app:flows", run, policy)
  end
  workflow.continue_as_new(run, language, 2, result)
end

local function booking(run, parent) return book(run, parent) end

local function child(run, number)
  time.sleep("1ms")
  return funcs.call("app:step", run, "child " .. number, number + 1)
end

local function left(run, policy)
  local go, events = process.listen("go"), process.events()
  local result = channel.select({go:case_receive(), events:case_receive()})
  return funcs.call("app:step", run, "left " .. policy, result.channel == go and "went" or result.value.kind)
end

local function after(run, key) return funcs.call("app:step", run, "after", key) end

local function nightly(run) return funcs.call("app:slot", run, ctx.get("schedule").slot) end

return {everything = everything, booking = booking, child = child, left = left, after = after, nightly = nightly}
