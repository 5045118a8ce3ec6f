-- The module `workflow`: what a script can know about its durable run, and child workflows. Further capabilities are
-- in the files `part_workflow_*.lua`.

local select = select

return function(kit, sys)
  local invalid = kit.invalid

  local function fact(name) return kit.fresh_identity().workflow[name] or 0 end

  return {
    info = function()
      local who = kit.fresh_identity()
      if not who.durable then return nil end
      return who.workflow
    end,
    history_length = function() return fact("history_length") end,
    history_size = function() return fact("history_size") end,
    exec = function(id, ...)
      if not kit.identity().durable then
        return nil, invalid("workflow.exec works inside a workflow only; use process.exec")
      end
      local refused = kit.wants_text(id, "workflow.exec", "an entry id")
      if refused then return nil, refused end
      local args, problem = kit.encode_list(select("#", ...), "args", ...)
      if not args then return nil, problem end
      return kit.try(sys(32, kit.encode({entry = id, host = "", monitor = false, link = false}), args))
    end,
  }
end
