-- What a durable run says of itself: search attributes and a memo.
-- Called with (kit, sys, core, workflow) -> nothing; it adds to the module.

local type = type

return function(kit, _, _, workflow)
  local invalid, show = kit.invalid, kit.tostring

  -- Sets search attributes (`search`) and entries of the memo (`memo`).
  function workflow.attrs(values)
    if type(values) ~= "table" then
      return nil, invalid("workflow.attrs: got " .. show(values) .. ", expected a table with search, memo or both")
    end
    if not kit.identity().durable then return nil, invalid("workflow.attrs works inside a workflow only") end
    return kit.perform("workflow.attrs", values)
  end
end
