-- Versions of workflow code: which branch a run takes, and continuing as a new run.
-- Called with (kit, sys, core, workflow) -> nothing; it adds to the module.

local select, type, math_type = select, type, math.type

return function(kit, sys, _, workflow)
  local invalid, show = kit.invalid, kit.tostring

  -- Returns the version of the code that this run goes through; outside of a workflow the newest.
  function workflow.version(change, least, most)
    if type(change) ~= "string" or change == "" then
      return nil, invalid("workflow.version: got " .. show(change) .. " as the id of a change, expected a non-empty text")
    end
    if math_type(least) ~= "integer" or math_type(most) ~= "integer" then
      return nil, invalid("workflow.version: got " .. show(least) .. " and " .. show(most) .. ", expected two integers")
    end
    if least > most then
      return nil, invalid("workflow.version: got min " .. show(least) .. " and max " .. show(most) .. ", expected min <= max")
    end
    if not kit.identity().durable then return most end
    return kit.perform("workflow.version", change, least, most)
  end

  -- Goes on as a new run of the same entry, under the same PID: what process.upgrade(nil, ...) does.
  function workflow.continue_as_new(...)
    local args, problem = kit.encode_list(select("#", ...), "args", ...)
    if not args then return nil, problem end
    return kit.try(sys(39, "upgrade", args, ""))
  end
end
