-- Updates: `workflow.on_update`. Called with (kit, sys, core, module).

local type, unpack = type, table.unpack

return function(kit, sys, core, workflow)
  local invalid, spawn = kit.invalid, kit.coroutines.spawn

  local function said(dest, topic, ...)
    local payloads, problem = kit.encode_list(1, "payload", (...))
    if not payloads then return said(dest, "error", problem) end
    return kit.try(sys(33, dest, topic, payloads))
  end

  local function arguments(message)
    local payload = message:payload()
    if payload == nil then return 0, {} end
    if kit.class_of(payload) then return 1, {(payload:data())} end
    local values = {}
    for i = 1, #payload do values[i] = payload[i]:data() end
    return #payload, values
  end

  local function handle(name, fn, message)
    local from, n, values = message["from"](message), arguments(message)
    if from ~= "" then said(from, "ack") end
    local ok, value, err = kit.pcall(fn, unpack(values, 1, n))
    local problem = not ok and value or value == nil and err or nil
    if problem ~= nil and not kit.failure_of(problem) then
      problem = kit.make_error({message = kit.shown(problem), kind = ok and "Invalid" or "Internal", retryable = false})
    end
    if from == "" then
      if problem then core.note("error", "update " .. name .. ": " .. kit.failure_of(problem).message) end
    elseif problem then
      said(from, "error", problem)
    else
      said(from, "ok", value)
    end
  end

  -- workflow.on_update(name, {handle = fn, validate = fn} or fn) -> true
  function workflow.on_update(name, spec)
    local refused = kit.wants_text(name, "workflow.on_update", "a name")
    if refused then return nil, refused end
    if type(spec) == "function" then spec = {handle = spec} end
    if type(spec) ~= "table" or type(spec.handle) ~= "function" then
      return nil, invalid("workflow.on_update: expected a function, or a table with `handle`, for '" .. name .. "'")
    end
    local fn, validate = spec.handle, spec.validate
    if validate ~= nil and type(validate) ~= "function" then
      return nil, invalid("workflow.on_update: expected a function as `validate`, got " .. kit.type(validate))
    end
    local ok, channel = sys(13, name, true)
    if not ok then return nil, channel end
    kit.hold(channel)
    kit.set_handler("validate", name, validate)
    kit.set_handler("update", name, fn)
    spawn(function()
      for message in channel:iter() do
        spawn(function()
          kit.handling(1)
          handle(name, fn, message)
          kit.handling(-1)
        end)
      end
    end)
    return true
  end

  -- workflow.all_handlers_finished() -> whether no update is under way
  function workflow.all_handlers_finished()
    return kit.handling(0) == 0
  end
end
