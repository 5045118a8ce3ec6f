-- A durable run that pauses or cancels itself. Called with (kit, sys, core, module).

return function(kit, _, _, workflow)
  -- workflow.pause([reason]) -> true once somebody has resumed the run
  function workflow.pause(reason)
    return kit.perform("workflow.pause", reason or "")
  end

  -- workflow.cancel([reason]) -> true: the process is asked to stop, as process.cancel of its own PID does
  function workflow.cancel(reason)
    return kit.perform("workflow.cancel", reason or "")
  end
end
