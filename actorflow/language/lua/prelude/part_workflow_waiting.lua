-- Waiting for others: `workflow.wait_for` and `workflow.suspend`. Called with (kit, sys, core, module).

local type = type

return function(kit, _, _, workflow)
  -- workflow.wait_for(workflow, key, state [, {timeout}]) -> {workflow_id, run_id, state, at}
  function workflow.wait_for(entry, key, state, options)
    if options ~= nil and type(options) ~= "table" then
      return nil, kit.invalid("workflow.wait_for: expected a table of options, got " .. kit.type(options))
    end
    local limit, problem = kit.option_ns(options and options.timeout, "wait_for, timeout")
    if limit == false then return nil, problem end
    local what = "workflow.wait_for '" .. kit.tostring(key) .. "'"
    return kit.in_time(limit, what, kit.perform, "workflow.wait_for", entry or "", key, state)
  end

  -- workflow.suspend(reason) -> what the one gave along who resumed it
  function workflow.suspend(reason)
    return kit.perform("workflow.suspend", reason or "")
  end
end
