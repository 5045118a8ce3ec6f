-- Workflows of this tree: each method is the entry function of one entry.
local funcs = require("funcs")
local time = require("time")
local uuid = require("uuid")
local crypto = require("crypto")
local hash = require("hash")
local json = require("json")
local ctx = require("ctx")
local workflow = require("workflow")

local function called(target, ...)
  local value, err = funcs.call(target, ...)
  if err then return nil, err end
  return value
end

local function identity(x)
  local value, err = funcs.call("app.workflows:add", x, 1)
  if err then return nil, err end
  return {value = value, pid = process.pid(), id = process.id()}
end

local function several(...) return {...}, {second = "is no error"} end

local function nothing() end

-- How an error that an activity returned looks in the workflow.
local function described(target, ...)
  local value, err = funcs.call(target, ...)
  if not err then return {value = value} end
  return {
    nothing = value == nil, kind = err:kind(), message = err:message(), retryable = err:retryable(),
    known = err:retryable() ~= nil, details = err:details(), type = type(err), text = tostring(err),
  }
end

local function with_options(options, target, ...)
  local value, err = funcs.new():with_options(options):call(target, ...)
  if err then return nil, err end
  return value
end

local function described_with(options, target, ...)
  local value, err = funcs.new():with_options(options):call(target, ...)
  if not err then return {value = value} end
  return {kind = err:kind(), retryable = err:retryable(), details = err:details(), message = err:message()}
end

-- Fails until it is tried for the `times`-th time.
local function needs_attempts(key, times)
  local attempt = workflow.info().attempt
  if attempt < times then error("attempt " .. attempt) end
  return attempt
end

local function with_context(values)
  local own = ctx.get("tenant")
  local inherited, err = funcs.call("app.workflows:context")
  if err then return nil, err end
  local more, failed = funcs.new():with_context(values):call("app.workflows:context")
  if failed then return nil, failed end
  return {own = own, inherited = inherited, more = more}
end

local function parallel(count)
  local futures = {}
  for i = 1, count do futures[i] = funcs.async("app.workflows:add", i, i) end
  local sum = 0
  for _, future in ipairs(futures) do
    local payload, ok = future:response():receive()
    if not ok then return nil, "closed" end
    sum = sum + payload:data()
  end
  return sum
end

local function future_states()
  local future = funcs.async("app.workflows:add", 1, 2)
  local before, same = future:is_complete(), future:response() == future:channel()
  local payload, ok = future:response():receive()
  local result, err = future:result()
  local _, open = future:response():receive()
  local failing = funcs.async("app.workflows:failing", {message = "no", kind = errors.INVALID, retryable = false})
  local failed, arrived = failing:response():receive()
  local why, has = failing:error()
  return {
    before = before, same = same, ok = ok, data = payload:data(), after = future:is_complete(), result = result:data(), no_error = err == nil,
    closed = open == false, failed = failed:kind(), arrived = arrived, why = why:message(), has = has,
  }
end

local function cancelled_future()
  local future = funcs.async("app.workflows:slow", "5s", "late")
  future:cancel()
  local value, ok = future:response():receive()
  local _, err = future:result()
  return {value = value, ok = ok, canceled = future:is_canceled(), kind = err and err:kind()}
end

local function first_of_many()
  local quick = funcs.async("app.workflows:slow", "1ms", "quick")
  local slow = funcs.async("app.workflows:slow", "5s", "slow")
  local result = channel.select({slow:response():case_receive(), quick:response():case_receive()})
  slow:cancel()
  return {quick = result.channel == quick:response(), value = result.value:data(), ok = result.ok}
end

local function with_timeout(limit, needed)
  local future = funcs.async("app.workflows:slow", needed, "done")
  local result = channel.select({future:response():case_receive(), time.after(limit):case_receive()})
  if result.channel == future:response() then return result.value:data() end
  future:cancel()
  return "timed out"
end

local function coroutines(count)
  local out = channel.new(count)
  for i = 1, count do
    coroutine.spawn(function()
      local value = funcs.call("app.workflows:add", i, 10)
      time.sleep("1ms")
      out:send(value)
    end)
  end
  local sum = 0
  for _ = 1, count do sum = sum + out:receive() end
  return sum
end

local function producer_consumer()
  local items, done = channel.new(), channel.new(1)
  coroutine.spawn(function()
    for i = 1, 5 do items:send(i) end
    items:close()
  end)
  coroutine.spawn(function()
    local sum = 0
    while true do
      local item, ok = items:receive()
      if not ok then break end
      sum = sum + item
    end
    done:send(sum)
  end)
  return done:receive()
end

local function failing_coroutine()
  coroutine.spawn(function() time.sleep("1ms") error("in a coroutine") end)
  time.sleep("10s")
  return "not reached"
end

-- ---- time, uuid, crypto ------------------------------------------------------------------------------------------

local function sleeps(duration)
  local before = time.now()
  local err = select(2, time.sleep(duration))
  if err then return nil, err end
  return time.now():sub(before):milliseconds()
end

local function clocks()
  local first = time.now():unix_nano()
  local sum = 0
  for i = 1, 20000 do sum = sum + i end
  local still = time.now():unix_nano() == first
  local seconds = os.time()
  time.sleep("3ms")
  return {
    still = still, moved = time.now():unix_nano() > first, os_time = seconds == math.floor(first / 1e9),
    date = #os.date("!%Y-%m-%d") == 10, clock = type(os.clock()) == "number",
  }
end

local function timers()
  local seen = {}
  local timer = time.timer("5s")
  seen.stopped = timer:stop()
  seen.again = timer:stop()
  seen.reset = timer:reset("1ms")
  local fired = timer:response():receive()
  seen.fired = type(fired)
  seen.late_stop = timer:stop()
  local after = time.after("1ms")
  seen.after = type((after:receive()))
  local _, err = time.after("-1s")
  seen.bad = err and err:kind()
  return seen
end

local function ticks(count)
  local ticker = time.ticker("2ms")
  local began = time.now()
  for _ = 1, count do ticker:response():receive() end
  ticker:stop()
  return {count = count, ms = time.now():sub(began):milliseconds()}
end

local function drawn()
  local seen = {v1 = uuid.v1(), v4 = uuid.v4(), v7 = uuid.v7(), other = uuid.v4(), text = crypto.random.string(12)}
  seen.v5 = uuid.v5("6ba7b810-9dad-11d1-80b4-00c04fd430c8", "example.org")
  seen.sha = hash.sha256("abc")
  seen.bytes = #crypto.random.bytes(9)
  seen.secret = crypto.random.uuid()
  return seen
end

-- What it drew and what time it was, told to a function, before and after it has waited: a replay must repeat it.
local function repeatable(to)
  local first = {id = uuid.v4(), at = time.now():unix_nano(), random = crypto.random.string(8)}
  process.send(to, "first", first)
  process.inbox():receive()
  return first
end

-- ---- the workflow module -----------------------------------------------------------------------------------------

local function info()
  local info = workflow.info()
  return info
end

local function lengths()
  local length, size = workflow.history_length(), workflow.history_size()
  funcs.call("app.workflows:add", 1, 1)
  return {length = length, size = size, more = workflow.history_length() > length, bytes = workflow.history_size() >= size}
end

local function versions()
  local first = workflow.version("change", 1, 3)
  time.sleep("1ms")
  local _, empty = workflow.version("", 1, 2)
  local _, crossed = workflow.version("other", 3, 1)
  return {first = first, again = workflow.version("change", 1, 3), empty = empty:kind(), crossed = crossed:kind()}
end

local function describes_itself()
  local ok, err = workflow.attrs({search = {customer = "acme", amount = 12, vip = true}, memo = {note = "hello"}})
  local _, none = workflow.attrs({})
  return {ok = ok, err = err, none = none and none:kind()}
end

local function executes(entry, ...)
  local value, err = workflow.exec(entry, ...)
  if err then return nil, err end
  return value
end

-- ---- errors ------------------------------------------------------------------------------------------------------

local function raises() error("workflow boom") end

local function fails_with(fields) return nil, errors.new(fields) end

local function fails_with_text() return nil, "no luck" end

return {
  called = called, identity = identity, several = several, nothing = nothing, described = described, described_with = described_with, needs_attempts = needs_attempts, with_options = with_options,
  with_context = with_context, parallel = parallel, future_states = future_states, cancelled_future = cancelled_future,
  first_of_many = first_of_many, with_timeout = with_timeout, coroutines = coroutines, producer_consumer = producer_consumer,
  failing_coroutine = failing_coroutine, sleeps = sleeps, clocks = clocks, timers = timers, ticks = ticks, drawn = drawn, repeatable = repeatable, info = info,
  lengths = lengths, versions = versions, describes_itself = describes_itself, executes = executes, raises = raises, fails_with = fails_with,
  fails_with_text = fails_with_text,
}
