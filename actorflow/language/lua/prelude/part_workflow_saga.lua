-- Sagas of the module `workflow`: steps that are undone in reverse order when what follows them fails. Called with
-- (kit, sys, core, workflow); needs what part_workflow_step.lua gives, gives kit.undo_all and kit.anything_to_undo.
--
-- A saga without a body is undone when the process ends in failure or is cancelled: the runtime asks for it then.

local type, next, unpack, remove = type, next, table.unpack, table.remove

local UNKNOWN <const> = {Canceled = true, Timeout = true} -- kinds that do not tell whether a step took effect

return function(kit, sys, _, workflow)
  local state, invalid = kit.state, kit.invalid
  local Saga = kit.class("Saga", {})

  local function is_target(what) return type(what) == "function" or kit.is_text(what) end

  -- What undoes a step: {what, input or nil, has_input, options}; or nil and an error.
  local function compensation(name, written)
    if is_target(written) then return {what = written} end
    if type(written) ~= "table" or kit.class_of(written) or not is_target(written.call) then
      return nil, invalid("saga:step " .. name .. ": compensate: expected a function id, a function, or a table with call, "
        .. "input and options of a step, got " .. kit.type(written))
    end
    local undo = {what = written.call, input = written.input}
    for key, value in next, kit.frozen[written] or written do
      if key ~= "call" and key ~= "input" then
        undo.options = undo.options or {}
        undo.options[key] = value
      end
    end
    return undo
  end

  local function remember(saga, name, undo, args, result)
    saga.undo[#saga.undo + 1] = {name = name, run = function(problem)
      local given = undo.input
      if given == nil then
        local input = args[1]
        if args.n > 1 then input = kit.as_array({unpack(args, 1, args.n)}, args.n) end
        given = {name = name, input = input, result = result, error = problem}
      end
      return kit.step(name .. ":compensate", undo.what, {given, n = 1}, undo.options)
    end}
  end

  local SHIELD <const> = 44

  local function undo_each(saga, problem)
    while #saga.undo > 0 do
      local entry = saga.undo[#saga.undo]
      saga.undo[#saga.undo] = nil
      local ok, value, failed = kit.pcall(entry.run, problem)
      local failure = not ok and kit.failure_from(value) or (value == nil and failed ~= nil and kit.failure_from(failed))
      if failure then
        saga.failures[entry.name] = failure
        if saga.stops then return failure end
      end
    end
  end

  -- Undoes the steps so far, the newest first; gives the failure it stops at, if it does, and whether a shield began: a
  -- cancel meanwhile waits.
  local function undo_all(saga, problem)
    if #saga.undo == 0 then return nil end
    local _, mine = sys(SHIELD, true)
    local failure = undo_each(saga, problem)
    if mine then sys(SHIELD, false) end
    return failure, mine
  end

  -- Undoes the open sagas of a process, the newest first: one that stops keeps none of the others from it. It did for
  -- runs that began under rules without shields (`actorflow/run/rule.py`).
  function kit.undo_all(sagas, problem)
    for i = #sagas, 1, -1 do
      local failure, is_shielded = undo_all(sagas[i], problem)
      if failure and not is_shielded then return end
    end
  end
  function kit.anything_to_undo(sagas)
    for i = 1, #sagas do
      if #sagas[i].undo > 0 then return true end
    end
    return false
  end

  local function forget(saga)
    local sagas = state.instance.sagas
    for i = #sagas, 1, -1 do
      if sagas[i] == saga then remove(sagas, i) end
    end
  end

  kit.methods(Saga, {
    step = function(saga, name, ...)
      local what, args, options = kit.step_spec("saga:step", name, ...)
      if what == nil then return nil, args end
      local undo, problem
      if options and options.compensate ~= nil then
        undo, problem = compensation(name, options.compensate)
        if not undo then return nil, problem end
        options.compensate = nil
        if next(options) == nil then options = nil end
      end
      local ok, result, failed = kit.pcall(kit.step, name, what, args, options)
      local failure = not ok and result or failed
      if undo and failure == nil then remember(saga, name, undo, args, result) end
      if undo and failure ~= nil and UNKNOWN[kit.kind_from(failure)] then
        remember(saga, name, undo, args, nil)
      end
      if not ok then kit.error(result) end
      return result, failed
    end,
    defer = function(saga, f)
      if type(f) ~= "function" then
        return nil, invalid("saga:defer: expected a function, got " .. kit.type(f))
      end
      saga.undo[#saga.undo + 1] = {name = "defer " .. #saga.undo + 1, run = function() return f() end}
      return true
    end,
    compensate = function(saga, problem)
      if problem ~= nil then problem = kit.failure_from(problem) end
      local failure = undo_all(saga, problem)
      if failure then return nil, failure end
      return true
    end,
    complete = function(saga)
      for i = #saga.undo, 1, -1 do saga.undo[i] = nil end
      return true
    end,
    failures = function(saga)
      local copy = {}
      for name, failure in next, saga.failures do copy[name] = failure end
      return copy
    end,
  })

  -- Runs the body of a saga; when it fails, however it does, the saga is undone first.
  local function within(saga, object, body)
    local ok, value, problem = kit.pcall(body, object)
    forget(saga)
    if ok and problem == nil then return value end
    local failure = kit.failure_from(ok and problem or value)
    undo_all(saga, failure)
    if not ok then kit.error(failure) end
    return value, problem
  end

  -- workflow.saga(options, body), both optional: a saga, or what the body gives.
  function workflow.saga(options, body)
    if type(options) == "function" and body == nil then options, body = nil, options end
    local errors = "continue"
    if options ~= nil then
      if type(options) ~= "table" or (body ~= nil and type(body) ~= "function") then
        return nil, invalid("workflow.saga: expected options and a function, both optional")
      end
      errors = options.errors == nil and errors or options.errors
      if errors ~= "continue" and errors ~= "stop" then
        return nil, invalid("workflow.saga: options.errors: expected 'continue' or 'stop', got " .. kit.tostring(errors))
      end
    end
    local saga = {undo = {}, failures = {}, stops = errors == "stop"}
    local instance = state.instance
    instance.sagas = instance.sagas or {}
    instance.sagas[#instance.sagas + 1] = saga
    local object = kit.object(Saga, saga)
    if body then return within(saga, object, body) end
    return object
  end
end
