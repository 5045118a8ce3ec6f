-- Tokens of the module `workflow`: typed key-values of a run with their history. Called with (kit, sys, core, workflow).

local type = type

return function(kit, _, _, workflow)
  local invalid = kit.invalid

  local function refused(key)
    if not kit.identity().durable then
      return invalid("workflow.tokens works inside a workflow only; an actor keeps its own state")
    end
    return key ~= nil and kit.wants_text(key, "workflow.tokens", "a key") or nil
  end

  workflow.tokens = {
    get = function(key)
      local problem = refused(key or false)
      if problem then return nil, problem end
      return kit.perform("workflow.token_get", key)
    end,
    -- set(key, value, {step = …}): the step that the value comes from
    set = function(key, value, options)
      local problem = refused(key or false)
      if problem then return nil, problem end
      local step = ""
      if options ~= nil then
        if type(options) ~= "table" or kit.class_of(options) or not kit.is_text(options.step) then
          return nil, invalid("workflow.tokens.set: expected options such as {step = 'quote'}")
        end
        step = options.step
      end
      return kit.perform("workflow.token_set", key, value, step)
    end,
    all = function()
      local problem = refused()
      if problem then return nil, problem end
      return kit.perform("workflow.token_all")
    end,
    history = function(key)
      local problem = refused(key or false)
      if problem then return nil, problem end
      return kit.perform("workflow.token_history", key)
    end,
  }
end
