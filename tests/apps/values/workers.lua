-- Helper processes and functions: each method is the entry function of one entry.
local function echo(...) return ... end

-- Changes what it gets, and returns what it then holds.
local function changes(value)
  value.changed = true
  value.inner.changed = true
  return value
end

local function count(...)
  local kinds = {}
  for i = 1, select("#", ...) do kinds[i] = type((select(i, ...))) end
  return kinds
end

local function tell(to, value)
  value.changed = true
  process.send(to, "told", value)
end

local function first_message(to)
  local payload = process.inbox():receive():payload():data()
  payload.changed = true
  process.send(to, "told", payload)
end

local function an_error()
  return errors.new({message = "as a value", kind = errors.CONFLICT, retryable = true, details = {a = {b = 1}}})
end

local function with_channel() return {channel = channel.new(1), text = "stays"} end

return {
  echo = echo, changes = changes, count = count, tell = tell, first_message = first_message, an_error = an_error,
  with_channel = with_channel,
}
