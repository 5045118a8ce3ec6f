-- Channels, select, tasks, timers and futures: objects that stand for the machine's.
-- Called with (kit, sys) -> channel module; gives kit.new_object, as_times, as_results and coroutine.spawn.
--
-- `sys(op, …)` does an op and returns true and its answer, or false and an error object. The numbers of ops are those
-- of actorflow/machine/op.py.

local type, tointeger, floor, unpack = type, math.tointeger, math.floor, table.unpack
local metatable_of = debug.getmetatable

return function(kit, sys)
  local DATA, ID = kit.DATA, kit.ID
  local channels = {}
  local Channel = kit.class("Channel", channels)
  local Timer = kit.class("Timer", {})
  local Future = kit.class("Future", {})
  local Held = kit.class("Held", {}) -- a task that may be cancelled, or a time-out: no script sees it

  function kit.new_object(class, id, channel)
    if class == 1 then return kit.handle_object(Channel, id, false) end
    if class == 4 then return kit.handle_object(Held, id, false) end
    return kit.handle_object(class == 2 and Timer or Future, id, {id = id, channel = channel})
  end

  -- ---- what a channel gives -----------------------------------------------------------------------------------------

  local function as_time(value) return kit.moment(value) end
  local function as_result(value) return kit.failure_of(value) and value or kit.payload(value) end

  -- A channel's data is what makes objects of its items, false for none.
  function kit.as_times(channel)
    channel[DATA] = as_time
    return channel
  end

  function kit.id_of(channel, name)
    if metatable_of(channel) ~= Channel then kit.data(Channel, channel, name) end
    return channel[ID]
  end
  local id_of = kit.id_of

  function kit.is_channel(value) return metatable_of(value) == Channel end

  local function received(self, name)
    local ok, value, closed = sys(8, id_of(self, name))
    if not ok then kit.error(value) end
    if closed then return nil, false end
    local made = self[DATA]
    if made then value = made(value) end
    return value, true
  end

  function channels.receive(self) return received(self, "receive") end

  function channels.send(self, value)
    local ok, problem = sys(7, id_of(self, "send"), kit.keep(value))
    if ok then return true end
    if kit.failure_of(problem).message == "channel closed while sending" then return nil, problem end
    kit.error(problem)
  end

  function channels.close(self) sys(9, id_of(self, "close")) end

  function channels.iter(self)
    id_of(self, "iter")
    return function()
      local value, open = received(self, "iter")
      if open then return value end
    end
  end

  -- ---- select -------------------------------------------------------------------------------------------------------

  local Case = kit.class("Case", {})

  function channels.case_send(self, value)
    return kit.object(Case, {channel = self, id = id_of(self, "case_send"), send = true, value = value})
  end
  function channels.case_receive(self)
    return kit.object(Case, {channel = self, id = id_of(self, "case_receive"), send = false})
  end

  local channel = {}

  function channel.new(size)
    size = size == nil and 0 or size
    local whole = type(size) == "number" and size == size and tointeger(floor(size))
    if not whole then kit.error("channel.new: expected a whole number, got " .. kit.tostring(size)) end
    local _, made = sys(6, whole > 0 and whole or 0)
    return made
  end

  function channel.select(list, default)
    if type(list) ~= "table" or kit.class_of(list) then
      kit.error("channel.select: expected a table of cases, got " .. kit.type(list))
    end
    local chosen, flat, n = {}, {}, 0
    for i = 1, #list do
      local item = list[i]
      if metatable_of(item) == Case then
        local parts = item[DATA]
        n = n + 1
        chosen[n] = parts
        flat[3 * n - 2], flat[3 * n - 1], flat[3 * n] = parts.id, parts.send, parts.send and kit.keep(parts.value) or 0
      end
    end
    local has_default = (default or list.default) and true or false
    local ok, value, open, index, a, b, c, d = sys(10, has_default, unpack(flat, 1, 3 * n))
    if not ok then kit.error(value) end
    if index < 0 then return {default = true, ok = true} end
    local parts = chosen[index + 1]
    if parts.send then return {channel = parts.channel, value = parts.value, ok = true} end
    if not open then return {channel = parts.channel, ok = false} end
    value = kit.value(value, a, b, c, d)
    local made = parts.channel[DATA]
    if made then value = made(value) end
    return {channel = parts.channel, value = value, ok = true}
  end

  kit.select = channel.select

  -- ---- tasks --------------------------------------------------------------------------------------------------------

  function kit.coroutines.spawn(f)
    if type(f) ~= "function" then
      kit.error("bad argument #1 to 'spawn' (function expected, got " .. kit.type(f) .. ")")
    end
    local co = kit.task(f)
    local ok, problem = sys(2, kit.keep(co))
    if not ok then kit.error(problem) end
    return co
  end

  -- ---- timers -------------------------------------------------------------------------------------------------------

  local function response(held) return held.channel end

  kit.methods(Timer, {
    response = response,
    channel = response,
    stop = function(held)
      local _, was = sys(21, held.id)
      return was
    end,
    reset = function(held, duration)
      local ns, problem = kit.positive_ns(duration)
      if not ns then return nil, problem end
      local _, was = sys(22, held.id, ns)
      return was
    end,
  })
  function kit.as_timer(timer)
    kit.as_times(timer[DATA].channel)
    return timer
  end

  -- ---- futures ------------------------------------------------------------------------------------------------------

  local function state(held)
    local _, value, word = sys(30, held.id)
    return word, value
  end

  kit.methods(Future, {
    response = response,
    channel = response,
    is_complete = function(held) return (state(held)) ~= "pending" end,
    is_canceled = function(held) return (state(held)) == "canceled" end,
    result = function(held)
      local word, value = state(held)
      if word == "pending" then return nil, nil end
      if word == "done" then return kit.payload(value), nil end
      return nil, value
    end,
    error = function(held)
      local word, value = state(held)
      if word == "failed" or word == "canceled" then return value, true end
      return nil, false
    end,
    cancel = function(held)
      local _, was = sys(29, held.id)
      return was
    end,
  })
  function kit.as_future(future)
    future[DATA].channel[DATA] = as_result
    return future
  end

  return channel
end
