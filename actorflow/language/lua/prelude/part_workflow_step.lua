-- Named steps and sleeps of the module `workflow`. Called with (kit, sys, core, workflow); gives kit.step,
-- kit.step_spec, kit.failure_from, kit.kind_from.
--
-- What a closure gave is recorded by its host, see hosts/workflow/own/step.py; a host that records nothing just runs it.

local type, next, unpack, select, find = type, next, table.unpack, select, string.find

local MAX_NAME <const> = 200
local VALUE <const>, RETURNED <const>, RAISED <const> = 0, 1, 2 -- how a closure ended

return function(kit, sys, core, workflow)
  local state, invalid = kit.state, kit.invalid

  -- The name of a step with the number of its repetition: `name`, `name#1`, `name#2` …
  local function numbered(name)
    local steps = state.instance.steps
    if not steps then
      steps = {}
      state.instance.steps = steps
    end
    local before = steps[name]
    steps[name] = (before or 0) + 1
    return before and name .. "#" .. before or name
  end

  local function refused_name(name, where)
    local refused = kit.wants_text(name, where, "the name of a step")
    if refused then return refused end
    if name ~= "" and #name <= MAX_NAME and not find(name, "[#\0]") then return nil end
    return invalid(where .. ": got '" .. name .. "', expected the name of a step: up to " .. MAX_NAME
      .. " bytes without '#', which numbers its repetitions, and NUL")
  end

  local function option_ns(value) -- a number in a table of options is milliseconds
    if type(value) == "number" then return kit.whole(value * 1000000) end
    return kit.duration_ns(value)
  end

  function kit.failure_from(problem)
    if kit.failure_of(problem) then return problem end
    return kit.make_error({message = kit.shown(problem), kind = "Internal"})
  end

  function kit.kind_from(problem)
    local fields = kit.failure_of(problem)
    return fields and fields.kind or "Internal"
  end

  -- How a protected call ended: what it gave, the error it returned, or what it raised.
  local function ending(ok, value, problem)
    if not ok then return RAISED, kit.failure_from(value) end
    if type(problem) == "string" then
      return RETURNED, kit.make_error({message = problem, kind = "Internal", retryable = false})
    end
    if kit.failure_of(problem) then return RETURNED, problem end
    return VALUE, value
  end

  local function given(how, value)
    if how == VALUE then return value end
    if how == RETURNED then return nil, value end
    kit.error(value)
  end

  -- ---- closures -----------------------------------------------------------------------------------------------------

  local function unrecorded(f, args)
    local how, value = ending(kit.pcall(f, unpack(args, 1, args.n)))
    local data, problem = kit.encode_list(1, "result", value)
    if not data then return RETURNED, problem end
    return how, kit.decode(data)[1]
  end

  local function ended(data)
    local ok, list = sys(39, "workflow.step_end", data)
    if not ok then kit.error(list) end
    local instance = state.instance
    instance.created = instance.created + list[3]
    return list[1], list[2]
  end

  local function attempted(name, attempt, f, args)
    if not kit.identity().durable then return unrecorded(f, args) end
    local ok, begun = sys(39, "workflow.step_begin", kit.encode_list(2, "args", name, attempt))
    if not ok then kit.error(begun) end
    local step, recorded, drawn = begun[1], begun[2], begun[3]
    if recorded then return ended(kit.encode_list(1, "args", step)) end
    local instance = state.instance
    local ops, created = instance.ops, instance.created
    local how, value = ending(kit.pcall(f, unpack(args, 1, args.n)))
    if instance.ops ~= ops then drawn = -1 end
    local made = instance.created - created
    local data, problem = kit.encode_list(7, "result", step, name, attempt, drawn, made, how, value)
    if not data then data = kit.encode_list(7, "result", step, name, attempt, drawn, made, RETURNED, problem) end
    return ended(data)
  end

  local function within(limit, name, attempt, f, args) -- `limit` in nanoseconds
    local _, scope = sys(25, limit)
    local how, value = attempted(name, attempt, f, args)
    local _, fired = sys(26, scope[kit.ID])
    if fired and how ~= VALUE and kit.kind_from(value) == "Timeout" then
      return RETURNED, kit.make_error({message = "step " .. name .. " timed out", kind = "Timeout"})
    end
    return how, value
  end

  local function slept(name, ns)
    if ns <= 0 then return end
    local ok, problem
    if kit.identity().durable then
      ok, problem = sys(39, "workflow.sleep", kit.encode_list(2, "args", name, ns))
    else
      ok, problem = sys(17, ns)
    end
    if not ok then kit.error(problem) end
  end

  local function closure(name, f, args, options)
    local limit, attempt = nil, 1
    if options and options.timeout ~= nil then
      limit = option_ns(options.timeout)
      if not limit then return nil, kit.refused_duration(options.timeout) end
    end
    while true do
      local how, value
      if limit then how, value = within(limit, name, attempt, f, args)
      else how, value = attempted(name, attempt, f, args) end
      if how == VALUE or not options then return given(how, value) end
      local wait, problem = kit.pure("workflow.step_wait", options, attempt, value)
      if problem then return nil, problem end
      if not wait then return given(how, value) end
      slept(numbered(name .. ":retry"), wait)
      attempt = attempt + 1
    end
  end

  -- ---- steps --------------------------------------------------------------------------------------------------------

  -- The options of a step without those that are not the engine's, checked; nil and an error otherwise.
  local function call_options(options, name)
    if options == nil then return {step = name} end
    return kit.pure("workflow.step_call", options, name)
  end

  local function call(name, id, args, options)
    local made, problem = call_options(options, name)
    if not made then return nil, problem end
    local data
    data, problem = kit.encode_list(args.n, "args", unpack(args, 1, args.n))
    if not data then return nil, problem end
    return kit.try(sys(27, id, data, kit.encode_map(made, "options")))
  end

  -- Does a step whose name was checked: `what` is a function id or a closure, `args` a list with `n`, `options` nil or
  -- those of the step alone.
  function kit.step(name, what, args, options)
    if type(what) == "function" then
      if options then
        local made, problem = kit.pure("workflow.step_call", options, name)
        if not made then return nil, problem end
        if made.on_exhausted == "pause" then
          return nil, invalid("step option on_exhausted: 'pause' is for steps that call a function")
        end
      end
      return closure(numbered(name), what, args, options)
    end
    return call(numbered(name), what, args, options)
  end

  -- The call, input and options of a step that is given as one table; or nil and an error.
  local function taken_apart(where, spec)
    local what, input, options = nil, nil, nil
    for key, value in next, kit.frozen[spec] or spec do
      if key == "call" then what = value
      elseif key == "input" then input = value
      else
        options = options or {}
        options[key] = value
      end
    end
    if what == nil then return nil, invalid(where .. ": expected a table with the field call, a function id or a function") end
    return what, input, options
  end

  local function refused_target(where, what)
    if type(what) == "function" then return nil end
    local problem = kit.wants_text(what, where, "a function id such as 'app:name', a function, or a table")
    if problem or find(what, "^[^:]+:.") then return problem end
    return invalid(where .. ": expected a full function id such as 'app:name', got '" .. what .. "'")
  end

  local OPTIONS <const> = {
    args = true, backoff = true, compensate = true, delay = true, max_delay = true, on_exhausted = true, options = true,
    retries = true, timeout = true,
  }

  -- Whether the last of several values is options: a table that has only fields that are options, or misspelt ones.
  local function is_options(value)
    if type(value) ~= "table" or kit.class_of(value) then return false end
    local count, others = 0, {}
    for key in next, kit.frozen[value] or value do
      if type(key) ~= "string" then return false end
      count = count + 1
      if not OPTIONS[key] then others[#others + 1] = key end
    end
    return count > 0 and (#others == 0 or kit.pure("workflow.step_misspelt", others))
  end

  -- Checks what every kind of step takes: a name, what it does with which arguments, and options after the first of
  -- those; or all that in one table. Gives what it does, its arguments, and its options or nil; or nil and an error.
  function kit.step_spec(where, name, what, ...)
    local problem = refused_name(name, where)
    if problem then return nil, problem end
    where = where .. " " .. name
    local args, options = {n = select("#", ...), ...}, nil
    if type(what) == "table" and not kit.class_of(what) then
      for i = 1, args.n do
        if args[i] ~= nil then
          return nil, invalid(where .. ": expected all in one table, or a function id and then its arguments")
        end
      end
      what, args[1], options = taken_apart(where, what)
      if what == nil then return nil, args[1] end
      args.n = args[1] == nil and 0 or 1
    elseif args.n > 1 and is_options(args[args.n]) then
      args.n, options = args.n - 1, args[args.n]
      args[args.n + 1] = nil
    end
    if args.n == 1 and args[1] == nil then args.n = 0 end
    problem = refused_target(where, what)
    if problem then return nil, problem end
    local plain = nil
    for key, value in next, kit.frozen[options] or options or {} do
      if key == "args" then
        if args.n > 0 or type(value) ~= "table" then
          return nil, invalid(where .. ": args is a list and takes the place of the input")
        end
        args = {n = kit.lengths[value] or #value}
        for i = 1, args.n do args[i] = value[i] end
      else
        plain = plain or {}
        plain[key] = value
      end
    end
    return what, args, plain
  end

  -- workflow.step(name, id or closure, a, b, …, options), or (name, {call = …, input = …, …}): its result, or nil and
  -- an error.
  function workflow.step(name, ...)
    local what, args, options = kit.step_spec("workflow.step", name, ...)
    if what == nil then return nil, args end
    if options and options.compensate ~= nil then
      return nil, invalid("workflow.step " .. name .. ": compensate is an option of the steps of a saga: use saga:step")
    end
    return kit.step(name, what, args, options)
  end

  -- ---- sleeps -------------------------------------------------------------------------------------------------------

  function workflow.sleep(name, duration)
    local problem = refused_name(name, "workflow.sleep")
    if problem then return nil, problem end
    local ns = kit.duration_ns(duration)
    if not ns then return nil, kit.refused_duration(duration) end
    slept(numbered(name), ns)
  end

  -- Sleeps until a Time; `name` is optional.
  function workflow.sleep_until(moment, name)
    if kit.class_of(moment) ~= kit.Time then
      return nil, invalid("workflow.sleep_until: expected a Time such as time.now():add('1h'), got " .. kit.type(moment))
    end
    local problem = name ~= nil and refused_name(name, "workflow.sleep_until")
    if problem then return nil, problem end
    slept(numbered(name or "sleep_until"), moment:unix_nano() - core.now())
  end
end
