-- The `funcs` module. Called with (kit, sys) -> module; gives kit.try, kit.merged, kit.wants_text, kit.passed_on
-- and kit.secured.

local type, select, next, find, byte = type, select, next, string.find, string.byte

return function(kit, sys)
  function kit.try(...) -- what returns `nil, err`
    local ok, value = ...
    if ok then return value end
    return nil, value
  end
  local try = kit.try

  -- An error object unless `value` is text.
  function kit.wants_text(value, where, what)
    if kit.is_text(value) then return nil end
    local got = type(value) == "string" and "bytes that are not UTF-8" or kit.type(value)
    return kit.invalid(where .. ": expected " .. what .. ", got " .. got)
  end

  -- A copy of `old` with the fields of `new`.
  function kit.merged(old, new, name)
    if type(new) ~= "table" or kit.class_of(new) then kit.error(name .. ": expected a table, got " .. kit.type(new)) end
    local both = {}
    for k, v in next, old or both do both[k] = v end
    for k, v in next, kit.frozen[new] or new do
      if type(k) ~= "string" then kit.error(name .. ": keys must be strings, got " .. kit.type(k)) end
      both[k] = v
    end
    return both
  end
  local merged = kit.merged

  -- The same with copies of the tables in `new`: what is given to a builder stays as it was given.
  function kit.given(old, new, name)
    local both = merged(old, new, name)
    for k in next, kit.frozen[new] or new do
      local v = both[k]
      if type(v) == "table" and not kit.class_of(v) then both[k] = kit.decode(kit.encode(v, name .. "." .. kit.clean(k))) end
    end
    return both
  end

  -- The context `old` with the values of a script, which may not use the keys that are ours.
  function kit.passed_on(old, values, family)
    local both = kit.given(old, values, "with_context")
    for key in next, kit.frozen[values] or values do
      if byte(key) == 64 then kit.error("with_context: keys must not begin with @, got " .. key) end
    end
    kit.require_action(family .. ".context", "context")
    return both
  end

  -- The context `old` with another actor or scope.
  function kit.secured(old, key, value, family)
    kit.require_action(family .. ".security", "security")
    return merged(old, {[key] = value}, "with_security")
  end

  local function call_with(op, options, id, ...)
    local refused = kit.wants_text(id, "funcs", "a function id such as 'app:name'")
    if refused then return false, refused end
    if not find(id, "^[^:]+:.") then
      return false, kit.invalid("funcs: expected a full function id such as 'app:name', got '" .. id .. "'")
    end
    local args, problem = kit.encode_list(select("#", ...), "args", ...)
    if not args then return false, problem end
    return sys(op, id, args, kit.encode_map(options, "options"))
  end

  local function async_with(options, id, ...)
    local ok, future = call_with(28, options, id, ...)
    if not ok then return nil, future end
    return kit.as_future(future)
  end

  local Executor = kit.class("Executor", {})
  local function executor(options) return kit.object(Executor, options) end
  local function within(settings, context) return executor(merged(settings, {context = context}, "with_context")) end
  kit.methods(Executor, {
    with_options = function(settings, options) return executor(kit.given(settings, options, "with_options")) end,
    with_context = function(settings, values) return within(settings, kit.passed_on(settings.context, values, "funcs")) end,
    with_actor = function(settings, actor)
      return within(settings, kit.secured(settings.context, "@actor", kit.actor_of(actor, "with_actor"), "funcs"))
    end,
    with_scope = function(settings, scope)
      return within(settings, kit.secured(settings.context, "@scope", kit.scope_of(scope, "with_scope"), "funcs"))
    end,
    call = function(settings, id, ...) return try(call_with(27, settings, id, ...)) end,
    async = function(settings, id, ...) return async_with(settings, id, ...) end,
  })

  local NONE <const> = {}
  return {
    call = function(id, ...) return try(call_with(27, NONE, id, ...)) end,
    async = function(id, ...) return async_with(NONE, id, ...) end,
    new = function() return executor(NONE) end,
  }
end
