-- The modules of scripts that talk to the machine. Returns function(kit, sys, codec, make_error) -> modules, wrap.
--
-- `sys(op, …)` yields an op and returns true and its answer, or false and an error object. Op numbers are those of
-- actorflow/machine/op.py.

local type, select, next, rawget, rawequal, setmetatable, tostring = type, select, next, rawget, rawequal, setmetatable, tostring
local pack, unpack, insert = table.pack, table.unpack, table.insert
local byte, sub, format, char, gsub, find = string.byte, string.sub, string.format, string.char, string.gsub, string.find

return function(kit, sys, codec, make_error)
  local invalid = kit.invalid
  local encode, decode, encode_list = codec.encode, codec.decode, codec.encode_list
  local modules = {}
  local id_of = setmetatable({}, {__mode = "k"}) -- our objects -> the adapter's handle
  local kind_of = setmetatable({}, {__mode = "k"}) -- channels whose items are made into objects
  local channel_of = setmetatable({}, {__mode = "k"}) -- timers and futures -> their channel
  kit.id_of = id_of

  local function try(...) -- what returns `nil, err`
    local ok, value = ...
    if ok then return value end
    return nil, value
  end

  -- ---- payloads and messages ------------------------------------------------------------------------------------
  local data_of = setmetatable({}, {__mode = "k"})
  local payloads = {}
  local Payload = kit.class("Payload", payloads)
  local function payload(value)
    local object = kit.object(Payload)
    data_of[object] = {value}
    return object
  end
  function payloads.data(self) return data_of[self][1] end
  function payloads.unmarshal(self) return data_of[self][1] end
  function payloads.get_format() return "lua/any" end
  modules.payload = {
    new = payload,
    format = {JSON = "json/plain", YAML = "yaml/plain", STRING = "text/plain", BYTES = "application/octet-stream", LUA = "lua/any"},
    array = function(list) return codec.as_array(list) end,
  }

  local messages = {}
  local Message = kit.class("Message", messages)
  local parts_of = setmetatable({}, {__mode = "k"})
  function messages.topic(self) return parts_of[self].topic end
  messages["from"] = function(self) return parts_of[self].from end
  function messages.payload(self)
    local parts = parts_of[self]
    if parts.n == 0 then return nil end
    if parts.n == 1 then return payload(parts.values[1]) end
    local list = {}
    for i = 1, parts.n do list[i] = payload(parts.values[i]) end
    return list
  end
  Message.__index = function(self, name)
    local method = messages[name]
    if method then return method end
    local parts = parts_of[self]
    local only = parts.n == 1 and parts.values[1]
    return type(only) == "table" and only[name] or nil
  end
  Message.__tostring = function(self) return "process.Message{topic=" .. parts_of[self].topic .. "}" end

  function kit.message(topic, from, data)
    local values = decode(data)
    local object = kit.object(Message)
    parts_of[object] = {topic = topic, from = from, values = values, n = codec.lengths[values] or #values}
    return object
  end

  local function seen(channel, value)
    local kind = kind_of[channel]
    if not kind or value == nil then return value end
    if kind == "time" then return kit.moment(value) end
    return kit.failure_of(value) and value or payload(value) -- a future's
  end

  -- ---- channels -------------------------------------------------------------------------------------------------
  local channels = {}
  local Channel = kit.class("Channel", channels)
  Channel.__gc = function(object) kit.collected(object) end
  local cases = setmetatable({}, {__mode = "k"})
  local Case = kit.class("Case", {})

  local owner_of = setmetatable({}, {__mode = "k"})
  function kit.collected(object)
    local owner, id = owner_of[object], id_of[object]
    if owner and id then owner.released[id] = true end
  end

  function kit.new_object(class, id, channel, owner)
    local object = kit.object(class == 1 and Channel or class == 2 and kit.Timer or class == 3 and kit.Future or kit.Thread)
    id_of[object] = id
    owner_of[object] = owner
    if channel then channel_of[object] = channel end
    return object
  end

  local function checked(channel, name)
    if kit.class_of[channel] ~= Channel then
      kit.error("bad argument to '" .. name .. "' (channel expected, got " .. type(channel) .. ")", 3)
    end
    return channel
  end

  function channels.send(self, value)
    checked(self, "send")
    local ok, problem = sys(7, id_of[self], kit.keep(value))
    if ok then return true end
    if kit.failure_of(problem).message == "channel closed while sending" then return nil, problem end
    kit.error(problem, 2)
  end

  function channels.receive(self)
    checked(self, "receive")
    local ok, value, open = sys(8, id_of[self])
    if not ok then kit.error(value, 2) end
    if not open then return nil, false end
    return seen(self, value), true
  end

  function channels.close(self) sys(9, id_of[checked(self, "close")]) end

  local function case(channel, is_send, value)
    local object = kit.object(Case)
    cases[object] = {channel = channel, send = is_send, value = value}
    return object
  end
  function channels.case_send(self, value) return case(checked(self, "case_send"), true, value) end
  function channels.case_receive(self) return case(checked(self, "case_receive"), false) end
  function channels.iter(self)
    return function()
      local value, open = channels.receive(self)
      if open then return value end
    end
  end

  local channel = {}
  function channel.new(size)
    size = size or 0
    if type(size) ~= "number" then kit.error("channel.new: size must be a number", 2) end
    local _, made = sys(6, size // 1 | 0)
    return made
  end

  function channel.select(list, default)
    if type(list) ~= "table" then kit.error("channel.select: expected a table of cases", 2) end
    local chosen, flat, n = {}, {}, 0
    for i = 1, #list do
      local parts = cases[list[i]]
      if parts then
        n = n + 1
        chosen[n] = parts
        flat[3 * n - 2] = id_of[parts.channel]
        flat[3 * n - 1] = parts.send and true or false
        flat[3 * n] = parts.send and kit.keep(parts.value) or 0
      end
    end
    local has_default = default or list.default and true or false
    local ok, value, open, index = sys(10, has_default and true or false, unpack(flat, 1, 3 * n))
    if not ok then kit.error(value, 2) end
    if index < 0 then return {default = true, ok = true} end
    local parts = chosen[index + 1]
    if parts.send then return {channel = parts.channel, value = parts.value, ok = true} end
    if open then value = seen(parts.channel, value) else value = nil end
    return {channel = parts.channel, value = value, ok = open}
  end
  modules.channel = channel

  local threads = {}
  kit.Thread = kit.class("thread", threads)
  kit.Thread.__gc = Channel.__gc
  function kit.coroutines.spawn(f)
    if type(f) ~= "function" then kit.error("bad argument #1 to 'spawn' (function expected)", 2) end
    local _, thread = sys(2, kit.keep(f))
    return thread
  end

  -- ---- timers ---------------------------------------------------------------------------------------------------
  local timers = {}
  kit.Timer = kit.class("Timer", timers)
  kit.Timer.__gc = Channel.__gc
  function timers.response(self) return channel_of[self] end
  timers.channel = timers.response
  function timers.stop(self)
    local _, was = sys(21, id_of[self])
    return was
  end
  function timers.reset(self, duration)
    local ns = kit.duration_ns(duration)
    if not ns or ns <= 0 then return nil, invalid("reset: expected a duration greater than 0") end
    return try(sys(22, id_of[self], ns))
  end
  function kit.wrap_timer(timer)
    kind_of[channel_of[timer]] = "time"
    return timer
  end
  function kit.wrap_channel(made, kind)
    kind_of[made] = kind
    return made
  end

  -- ---- functions --------------------------------------------------------------------------------------------------
  local futures = {}
  kit.Future = kit.class("Future", futures)
  kit.Future.__gc = Channel.__gc
  function futures.response(self) return channel_of[self] end
  futures.channel = futures.response
  local function state(self)
    local _, value, word = sys(30, id_of[self])
    return word, value
  end
  function futures.is_complete(self) return (state(self)) ~= "pending" end
  function futures.is_canceled(self) return (state(self)) == "canceled" end
  function futures.result(self)
    local word, value = state(self)
    if word == "pending" then return nil, nil end
    if word == "done" then return payload(value), nil end
    return nil, value
  end
  function futures.error(self)
    local word, value = state(self)
    if word == "failed" or word == "canceled" then return value, true end
    return nil, false
  end
  function futures.cancel(self)
    local _, was = sys(29, id_of[self])
    return was
  end

  local function call_with(op, options, id, ...)
    if type(id) ~= "string" then return false, invalid("funcs: expected a function id such as 'app:name', got " .. type(id)) end
    return sys(op, id, encode_list(select("#", ...), "args", ...), encode(options))
  end

  local function async_with(options, id, ...)
    local ok, future = call_with(28, options, id, ...)
    if not ok then return nil, future end
    kind_of[channel_of[future]] = "future"
    return future
  end

  local function merged(old, new, name)
    if type(new) ~= "table" then kit.error(name .. ": expected a table", 3) end
    local both = {}
    for k, v in next, old or {} do both[k] = v end
    for k, v in next, new do both[k] = v end
    return both
  end

  local executors = {}
  local Executor = kit.class("Executor", executors)
  local settings_of = setmetatable({}, {__mode = "k"})
  local function executor(options)
    local object = kit.object(Executor)
    settings_of[object] = options
    return object
  end
  function executors.with_options(self, options) return executor(merged(settings_of[self], options, "with_options")) end
  function executors.with_context(self, values)
    local options = merged(settings_of[self], {}, "with_context")
    options.context = merged(options.context, values, "with_context")
    return executor(options)
  end
  function executors.call(self, id, ...) return try(call_with(27, settings_of[self], id, ...)) end
  function executors.async(self, id, ...) return async_with(settings_of[self], id, ...) end
  local NONE <const> = {}
  modules.funcs = {
    call = function(id, ...) return try(call_with(27, NONE, id, ...)) end,
    async = function(id, ...) return async_with(NONE, id, ...) end,
    new = function() return executor({}) end,
  }

  -- ---- processes --------------------------------------------------------------------------------------------------
  local process = {event = {CANCEL = "pid.cancel", EXIT = "pid.exit", LINK_DOWN = "pid.link.down"}}

  local function identity()
    local _, who = sys(38)
    return who
  end
  function process.pid() return identity().pid end
  function process.id() return identity().entry end

  function process.send(dest, topic, ...)
    if type(dest) ~= "string" then return nil, invalid("process.send: expected a PID or name, got " .. type(dest)) end
    if type(topic) ~= "string" then return nil, invalid("process.send: expected a topic, got " .. type(topic)) end
    return try(sys(33, dest, topic, encode_list(select("#", ...), "payload", ...)))
  end
  function process.inbox() return (select(2, sys(11))) end
  function process.events() return (select(2, sys(12))) end
  function process.listen(topic, options)
    if type(topic) ~= "string" then return nil, invalid("process.listen: expected a topic, got " .. type(topic)) end
    return try(sys(13, topic, type(options) == "table" and options.message and true or false))
  end
  function process.unlisten(ch)
    if kit.class_of[ch] ~= Channel then return false, invalid("process.unlisten: expected a channel") end
    local _, found = sys(14, id_of[ch])
    if found then return true end
    return false, invalid("process.unlisten: not a subscribed channel")
  end

  local function control(verb)
    return function(dest, detail)
      if type(dest) ~= "string" then return nil, invalid("process." .. verb .. ": expected a PID or name, got " .. type(dest)) end
      return try(sys(34, verb, dest, encode(detail)))
    end
  end
  for _, verb in next, {"monitor", "unmonitor", "link", "unlink", "terminate"} do
    local act = control(verb)
    process[verb] = function(dest) return act(dest) end
  end
  local cancel = control("cancel")
  function process.cancel(dest, reason) return cancel(dest, reason) end

  function process.get_options()
    local _, trap = sys(37, "trap_links")
    return {trap_links = trap}
  end
  function process.set_options(options)
    if type(options) ~= "table" then return false, invalid("process.set_options: expected a table") end
    for name, value in next, options do
      local ok, err = sys(36, kit.tostring(name), encode(value))
      if not ok then return false, err end
    end
    return true, nil
  end

  local function spawn_with(op, spec, monitor, link, id, host, ...)
    if type(id) ~= "string" or type(host) ~= "string" or id == "" then
      return false, invalid("process.spawn: expected an entry id and a host id, got " .. kit.tostring(id) .. " and " .. kit.tostring(host))
    end
    if op == 32 and (host == "" or not find(id, ":", 1, true)) then
      return false, invalid("process.exec: expected a full id and a host, got " .. id .. " and '" .. host .. "'")
    end
    local request = {entry = id, host = host, monitor = monitor, link = link, name = spec.name, context = spec.context, options = spec.options}
    return sys(op, encode(request), encode_list(select("#", ...), "args", ...), spec.messages or "\x80")
  end
  local VARIANTS <const> = {
    spawn = {false, false}, spawn_monitored = {true, false}, spawn_linked = {false, true}, spawn_linked_monitored = {true, true},
  }
  local spawners = {}
  local Spawner = kit.class("Spawner", spawners)
  local specs = setmetatable({}, {__mode = "k"})
  for name, flags in next, VARIANTS do
    local monitor, link = flags[1], flags[2]
    process[name] = function(id, host, ...) return try(spawn_with(31, NONE, monitor, link, id, host, ...)) end
    spawners[name] = function(self, id, host, ...) return try(spawn_with(31, specs[self], monitor, link, id, host, ...)) end
  end
  function process.exec(id, host, ...) return try(spawn_with(32, NONE, false, false, id, host, ...)) end
  function spawners.exec(self, id, host, ...) return try(spawn_with(32, specs[self], false, false, id, host, ...)) end

  local function spawner(spec)
    local object = kit.object(Spawner)
    specs[object] = spec
    return object
  end
  local function with(spec, name, value)
    local new = {name = spec.name, context = spec.context, options = spec.options, list = spec.list, messages = spec.messages}
    new[name] = value
    return new
  end
  function spawners.with_context(self, values)
    for key in next, type(values) == "table" and values or {} do
      if type(key) ~= "string" then kit.error("with_context: keys must be strings", 2) end
    end
    return spawner(with(specs[self], "context", merged(specs[self].context, values, "with_context")))
  end
  function spawners.with_options(self, options)
    return spawner(with(specs[self], "options", merged(specs[self].options, options, "with_options")))
  end
  function spawners.with_name(self, name)
    if type(name) ~= "string" or name == "" then kit.error("with_name: expected a non-empty text", 2) end
    return spawner(with(specs[self], "name", name))
  end
  function spawners.with_message(self, topic, ...)
    if type(topic) ~= "string" or topic == "" or sub(topic, 1, 1) == "@" then
      kit.error("with_message: cannot send to topic '" .. kit.tostring(topic) .. "'", 2)
    end
    local list = {}
    for i, item in next, specs[self].list or {} do list[i] = item end
    list[#list + 1] = "\x82" .. encode(topic) .. encode_list(select("#", ...), "payload", ...)
    local new = with(specs[self], "list", list)
    new.messages = char(0x80 | (#list < 24 and #list or kit.error("with_message: at most 23 messages", 2))) .. table.concat(list)
    return spawner(new)
  end
  for _, name in next, {"with_context", "with_options", "with_name", "with_message"} do
    process[name] = function(...) return spawners[name](spawner({}), ...) end
  end

  process.registry = {LOCAL = 0, EVENTUAL = 1, CONSISTENT = 2, STRONG = 3}
  local function scoped(scope)
    if scope == nil or scope == 0 then return nil end
    return make_error({message = "this name scope is not available on a single node; use process.registry.LOCAL", kind = "Internal", retryable = false})
  end
  function process.registry.register(name, pid, scope)
    local refused = scoped(scope)
    if refused then return nil, refused end
    return try(sys(35, "register", kit.tostring(name or ""), pid or ""))
  end
  function process.registry.lookup(name) return try(sys(35, "lookup", kit.tostring(name or ""), "")) end
  function process.registry.unregister(name) return try(sys(35, "unregister", kit.tostring(name or ""), "")) end

  function process.upgrade(id, ...)
    local ok, err = sys(39, "upgrade", id or "", encode_list(select("#", ...), "args", ...))
    if not ok then kit.error(err, 2) end
  end
  modules.process = process

  -- ---- small modules ---------------------------------------------------------------------------------------------
  modules.ctx = {
    get = function(key)
      if type(key) ~= "string" or key == "" then return nil, invalid("ctx.get: expected a non-empty key") end
      local value = identity().context[key]
      if value == nil then return nil, make_error({message = "ctx.get: no value for " .. key, kind = "NotFound", retryable = false}) end
      return value
    end,
    all = function() return identity().context end,
  }

  local function logger(fields, name)
    local log = {}
    for _, level in next, {"debug", "info", "warn", "error"} do
      log[level] = function(_, text, more)
        local all = merged(fields, type(more) == "table" and more or {}, "logger")
        sys(40, level, kit.tostring(text), encode(all))
      end
    end
    log["with"] = function(_, more) return logger(merged(fields, more, "logger:with"), name) end
    log.named = function(_, part) return logger(merged(fields, {logger = part}, "logger:named"), part) end
    return log
  end
  modules.logger = logger({})

  modules.workflow = {
    info = function()
      local who = identity()
      if not who.durable then return nil end
      return who.workflow
    end,
    history_length = function() return identity().workflow.history_length or 0 end,
    history_size = function() return identity().workflow.history_size or 0 end,
    exec = function(id, ...)
      if not identity().durable then return nil, invalid("workflow.exec works inside a workflow only; use process.exec") end
      return try(sys(32, encode({entry = id, host = "", monitor = false, link = false}), encode_list(select("#", ...), "args", ...), "\x80"))
    end,
  }

  local function hex(bytes) return (gsub(bytes, ".", function(c) return format("%02x", byte(c)) end)) end
  local function dashed(bytes)
    local text = hex(bytes)
    return sub(text, 1, 8) .. "-" .. sub(text, 9, 12) .. "-" .. sub(text, 13, 16) .. "-" .. sub(text, 17, 20) .. "-" .. sub(text, 21)
  end
  local function stamped(bytes, version)
    return sub(bytes, 1, 6) .. char(version << 4 | byte(bytes, 7) & 0x0f) .. sub(bytes, 8, 8)
      .. char(0x80 | byte(bytes, 9) & 0x3f) .. sub(bytes, 10, 16)
  end
  local UUID <const> = "^%x%x%x%x%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%x%x%x%x%x%x%x%x$"
  modules.uuid = {
    v4 = function() return dashed(stamped(kit.draw("uuid4", 16), 4)) end,
    v7 = function()
      local ms = kit.now() // 1000000
      return dashed(stamped(sub(string.pack(">I8", ms), 3) .. kit.draw("uuid7", 10), 7))
    end,
    validate = function(text) return type(text) == "string" and find(text, UUID) ~= nil end,
    version = function(text)
      if type(text) ~= "string" or not find(text, UUID) then return nil, invalid("uuid.version: not a UUID: " .. kit.tostring(text)) end
      return tonumber(sub(text, 15, 15), 16)
    end,
  }
  modules.errors = kit.errors
  return modules
end
