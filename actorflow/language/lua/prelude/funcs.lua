-- The `funcs` module. Called with (kit, sys) -> module; gives kit.try, kit.merged and kit.wants_text.

local type, select, next, find = type, select, next, string.find

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
  kit.methods(Executor, {
    with_options = function(settings, options) return executor(merged(settings, options, "with_options")) end,
    with_context = function(settings, values)
      local options = merged(settings, {}, "with_context")
      options.context = merged(options.context, values, "with_context")
      return executor(options)
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
