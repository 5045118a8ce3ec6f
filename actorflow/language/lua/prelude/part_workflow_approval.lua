-- Approvals: `workflow.approval`. Called with (kit, sys, core, module).

local type = type

return function(kit, sys, _, workflow)
  local invalid = kit.invalid

  local function nanoseconds(value) -- a number in a table of options is milliseconds
    if type(value) == "number" then value = value * 1000000 end
    local ns = kit.duration_ns(value)
    return ns and ns > 0 and ns or nil
  end

  -- Does `perform(...)`, for at most `limit` nanoseconds.
  function kit.in_time(limit, what, perform, ...)
    if not limit then return perform(...) end
    local _, scope = sys(25, limit)
    local value, err = perform(...)
    local _, fired = sys(26, scope[kit.ID])
    local failure = fired and kit.failure_of(err)
    if failure and failure.kind == "Timeout" then
      return nil, kit.make_error({message = what .. " timed out", kind = "Timeout", retryable = false})
    end
    return value, err
  end

  -- workflow.approval(name [, {reason, schema, expiry, approvers, scope}]) -> {approved, data, reason, by, at}
  function workflow.approval(name, options)
    local refused = kit.wants_text(name, "workflow.approval", "a name")
    if refused then return nil, refused end
    if options ~= nil and (type(options) ~= "table" or kit.class_of(options)) then
      return nil, invalid("workflow.approval: expected a table of options, got " .. kit.type(options))
    end
    local given = kit.merged(nil, options or {}, "workflow.approval")
    if given.expiry ~= nil then
      local ns = nanoseconds(given.expiry)
      if not ns then
        return nil, invalid("workflow.approval, expiry: expected a duration above 0 such as '24h', got " .. kit.tostring(given.expiry))
      end
      given.expiry = ns
    end
    return kit.in_time(given.expiry, "approval '" .. name .. "'", kit.perform, "workflow.approval", name, given)
  end
end
