-- The `process` module. Called with (kit, sys) -> module; needs what funcs.lua gives.

local type, select, next = type, select, next
local sub, find, lower = string.sub, string.find, string.lower

return function(kit, sys)
  local try, invalid, wants_text = kit.try, kit.invalid, kit.wants_text
  local encode, encode_list = kit.encode, kit.encode_list
  local process = {event = {CANCEL = "pid.cancel", EXIT = "pid.exit", LINK_DOWN = "pid.link.down", OUTDATED = "pid.outdated"}}

  function process.pid() return kit.identity().pid end
  function process.id() return kit.identity().entry end

  local SCALARS <const> = {string = true, number = true, boolean = true}

  -- ---- messages ------------------------------------------------------------------------------------------------------

  function process.send(dest, topic, ...)
    local refused = wants_text(dest, "process.send", "a PID or name") or wants_text(topic, "process.send", "a topic")
    if refused then return nil, refused end
    local n, first = select("#", ...), ...
    local kind = n == 1 and type(first)
    local is_scalar = SCALARS[kind]
    if is_scalar and kit.post(dest, topic, true, first) then return true end
    if kind == "table" and kit.hand_over(dest, topic, first) then return true end
    local payloads, problem = encode_list(n, "payload", ...)
    if not payloads then return nil, problem end
    if n == 1 and not is_scalar and kit.post(dest, topic, false, payloads) then return true end
    return try(sys(33, dest, topic, payloads))
  end

  -- Channels of subscriptions stay the same objects while the process lives.
  local function subscription(ok, channel)
    if not ok then return nil, channel end
    kit.hold(channel)
    return channel
  end

  function process.inbox() return subscription(sys(11)) end
  function process.events() return subscription(sys(12)) end
  function process.listen(topic, options)
    local refused = wants_text(topic, "process.listen", "a topic")
    if refused then return nil, refused end
    return subscription(sys(13, topic, type(options) == "table" and options.message and true or false))
  end
  function process.unlisten(channel)
    if not kit.is_channel(channel) then return false, invalid("process.unlisten: expected a channel, got " .. kit.type(channel)) end
    local _, found = sys(14, kit.id_of(channel))
    if found then return true end
    return false, invalid("process.unlisten: not a subscribed channel")
  end

  function kit.subscribe(topic, channel)
    local refused = wants_text(topic, "subscribe", "a topic")
    if refused then return nil, refused end
    return try(sys(15, topic, kit.id_of(channel, "subscribe")))
  end
  function kit.unsubscribe(channel) return try(sys(16, kit.id_of(channel, "unsubscribe"))) end

  -- ---- other processes -----------------------------------------------------------------------------------------------

  local function control(verb, dest, detail)
    local refused = wants_text(dest, "process." .. verb, "a PID or name")
    if refused then return nil, refused end
    return try(sys(34, verb, dest, encode(detail, "reason")))
  end
  for _, verb in next, {"monitor", "unmonitor", "link", "unlink", "terminate"} do
    process[verb] = function(dest) return control(verb, dest) end
  end
  function process.cancel(dest, reason) return control("cancel", dest, reason) end

  function process.get_options()
    local _, trap = sys(37, "trap_links")
    local _, upgradable = sys(37, "upgradable")
    return {trap_links = trap, upgradable = upgradable}
  end
  function process.set_options(options)
    if type(options) ~= "table" or kit.class_of(options) then
      return false, invalid("process.set_options: expected a table, got " .. kit.type(options))
    end
    for name, value in kit.pairs(options) do
      local ok, err = sys(36, kit.clean(kit.tostring(name)), encode(value, "option"))
      if not ok then return false, err end
    end
    return true, nil
  end

  -- ---- starting ------------------------------------------------------------------------------------------------------

  local function spawn_with(op, spec, monitor, link, id, host, ...)
    if not kit.is_text(id) or not kit.is_text(host) or id == "" then
      return false, invalid("process.spawn: expected an entry id and a host id, got " .. kit.tostring(id) .. " and " .. kit.tostring(host))
    end
    if op == 32 and (host == "" or not find(id, ":", 1, true)) then
      return false, invalid("process.exec: expected a full id and a host, got '" .. id .. "' and '" .. host .. "'")
    end
    local request = {
      entry = id, host = host, monitor = monitor, link = link,
      name = spec.name, context = spec.context, options = spec.options, messages = spec.messages,
    }
    local args, problem = encode_list(select("#", ...), "args", ...)
    if not args then return false, problem end
    return sys(op, encode(request, "spawn"), args)
  end

  local VARIANTS <const> = {
    spawn = {false, false}, spawn_monitored = {true, false}, spawn_linked = {false, true}, spawn_linked_monitored = {true, true},
  }
  local NONE <const> = {}
  local Spawner = kit.class("Spawner", {})
  local builders = {}
  for name, flags in next, VARIANTS do
    local monitor, link = flags[1], flags[2]
    process[name] = function(id, host, ...) return try(spawn_with(31, NONE, monitor, link, id, host, ...)) end
    builders[name] = function(spec, id, host, ...) return try(spawn_with(31, spec, monitor, link, id, host, ...)) end
  end
  function process.exec(id, host, ...) return try(spawn_with(32, NONE, false, false, id, host, ...)) end
  function builders.exec(spec, id, host, ...) return try(spawn_with(32, spec, false, false, id, host, ...)) end

  local with = {}

  local function spawner(spec, name, value)
    local new = {name = spec.name, context = spec.context, options = spec.options, messages = spec.messages}
    new[name] = value
    return kit.object(Spawner, new)
  end
  function with.with_context(spec, values) return spawner(spec, "context", kit.passed_on(spec.context, values, "process")) end
  function with.with_actor(spec, actor)
    return spawner(spec, "context", kit.secured(spec.context, "@actor", kit.actor_of(actor, "with_actor"), "process"))
  end
  function with.with_scope(spec, scope)
    return spawner(spec, "context", kit.secured(spec.context, "@scope", kit.scope_of(scope, "with_scope"), "process"))
  end
  function with.with_options(spec, options) return spawner(spec, "options", kit.given(spec.options, options, "with_options")) end
  function with.with_name(spec, name)
    if not kit.is_text(name) or name == "" then kit.error("with_name: expected a non-empty text, got " .. kit.tostring(name)) end
    return spawner(spec, "name", name)
  end
  function with.with_message(spec, topic, ...)
    if not kit.is_text(topic) or topic == "" or sub(topic, 1, 1) == "@" then
      kit.error("with_message: cannot send to topic '" .. kit.tostring(topic) .. "'")
    end
    local payloads, problem = encode_list(select("#", ...), "payload", ...) -- copied now, as with process.send
    if not payloads then kit.error(problem) end
    local list = {}
    for i, item in next, spec.messages or NONE do list[i] = item end
    list[#list + 1] = kit.as_array({topic, kit.decode(payloads)})
    return spawner(spec, "messages", list)
  end
  for name, make in next, with do
    builders[name] = make
    process[name] = function(...) return make(NONE, ...) end
  end
  kit.methods(Spawner, builders)

  -- ---- names ---------------------------------------------------------------------------------------------------------

  local registry = {LOCAL = 0, EVENTUAL = 1, CONSISTENT = 2, STRONG = 3}
  process.registry = registry

  local function is_global(scope) return scope ~= nil and scope ~= registry.LOCAL end

  local function named(verb, name, pid, scope)
    local refused = wants_text(name, "process.registry." .. verb, "a name")
      or pid ~= "" and wants_text(pid, "process.registry." .. verb, "a PID")
    if refused then return nil, refused end
    if not is_global(scope) then return try(sys(35, verb, name, pid)) end
    if verb == "register" then return kit.perform("process.registry.register", name, pid, scope) end
    return kit.perform("process.registry.unregister", name, scope)
  end
  function registry.register(name, pid, scope) return named("register", name, pid or "", scope) end
  function registry.lookup(name) return named("lookup", name, "") end
  function registry.unregister(name, scope) return named("unregister", name, "", scope) end

  -- Returns only if the new code cannot start: the old code goes on with nil and the error.
  function process.upgrade(id, ...)
    local refused = id ~= nil and wants_text(id, "process.upgrade", "an entry id or nil")
    if refused then return nil, refused end
    local args, problem = encode_list(select("#", ...), "args", ...)
    if not args then return nil, problem end
    return try(sys(39, "upgrade", args, id or ""))
  end

  return process
end
