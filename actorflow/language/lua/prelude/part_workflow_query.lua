-- Queries: `workflow.set_query`. Called with (kit, sys, core, module).

local type = type

return function(kit, _, _, workflow)
  local invalid = kit.invalid
  local BUILT_IN <const> = {pid = true, state = true, where = true, waits = true, inbox = true, seq = true}

  local function set(name, fn)
    local refused = kit.wants_text(name, "workflow.set_query", "a name")
    if refused then return nil, refused end
    if BUILT_IN[name] or name == "" then
      return nil, invalid("workflow.set_query: " .. kit.tostring(name) .. " is answered by the engine; use another name")
    end
    if type(fn) ~= "function" then
      return nil, invalid("workflow.set_query: expected a function for '" .. name .. "', got " .. kit.type(fn))
    end
    kit.set_handler("query", name, fn)
    return true
  end

  -- workflow.set_query(name, fn) or workflow.set_query{name = fn, …} -> true
  function workflow.set_query(name, fn)
    if type(name) ~= "table" or kit.class_of(name) then return set(name, fn) end
    for key, value in kit.pairs(name) do
      local ok, problem = set(key, value)
      if not ok then return nil, problem end
    end
    return true
  end
end
