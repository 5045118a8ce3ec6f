-- Conditions: `workflow.wait_until`. Called with (kit, sys, core, module).

local type, error = type, error

return function(kit, sys, _, workflow)
  local invalid, select = kit.invalid, kit.select

  -- Nanoseconds of an option that holds a duration: a bare number is milliseconds. False and the error if it is none.
  local function option_ns(value, name)
    if value == nil then return nil end
    local ns
    if type(value) == "number" then ns = kit.duration_ns(value * 1000000) else ns = kit.duration_ns(value) end
    if ns and ns > 0 then return ns end
    return false, invalid("workflow." .. name .. ": expected a duration above 0 such as '5s', got " .. kit.tostring(value))
  end
  kit.option_ns = option_ns

  local function timer(op, ns)
    if not ns then return nil end
    local _, made = sys(op, ns)
    return kit.as_timer(made)
  end

  local function waited(fn, changes, ticker, deadline)
    local cases = {changes:case_receive()}
    if ticker then cases[#cases + 1] = ticker:channel():case_receive() end
    if deadline then cases[#cases + 1] = deadline:channel():case_receive() end
    while not fn() do
      local chosen = select(cases)
      if deadline and chosen.channel == deadline:channel() then return fn() and true or false end
    end
    return true
  end

  -- workflow.wait_until([name,] fn [, {every, timeout}]) -> true, or false when the time is over
  function workflow.wait_until(name, fn, options)
    if type(name) == "function" then name, fn, options = "", name, fn end
    local refused = kit.wants_text(name, "workflow.wait_until", "a name or a function")
    if refused then return nil, refused end
    if type(fn) ~= "function" then return nil, invalid("workflow.wait_until: expected a function, got " .. kit.type(fn)) end
    if options ~= nil and type(options) ~= "table" then
      return nil, invalid("workflow.wait_until: expected a table of options, got " .. kit.type(options))
    end
    options = options or {}
    local every, problem = option_ns(options.every, "wait_until, every")
    if every == false then return nil, problem end
    local limit
    limit, problem = option_ns(options.timeout, "wait_until, timeout")
    if limit == false then return nil, problem end
    if fn() then return true end
    local _, changes = sys(43, name)
    local ticker, deadline = timer(20, every), timer(19, limit)
    local ok, came = kit.pcall(waited, fn, changes, ticker, deadline)
    sys(9, kit.id_of(changes, "wait_until"))
    if ticker then ticker:stop() end
    if deadline then deadline:stop() end
    if not ok then error(came, 0) end -- what the condition raised, or a cancellation
    return came
  end
end
