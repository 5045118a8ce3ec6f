-- The main task of a process: loads its units and calls its entry function. Called with (kit, sys, limits, prepared)
-- -> main, which is the body of the task, and ended, which makes what a function returned the op that ends a task.

local type, unpack = type, table.unpack

return function(kit, sys, limits, prepared)
  local state = kit.state

  local function entry_of(value, method)
    if type(value) == "function" then return value end
    if type(value) == "table" and not kit.class_of(value) and type(value[method]) == "function" then
      return value[method]
    end
    return nil
  end

  -- The end of the main task: what it returned as an op with its operand.
  local function ended(value, problem)
    if type(problem) == "string" then
      problem = kit.make_error({message = problem, kind = "Internal", retryable = false})
    end
    if kit.failure_of(problem) then return 1, kit.encode(problem) end
    return 0, kit.encode(value, "result")
  end

  local EMPTY <const>, NONE <const> = "\x80", kit.as_array({}, 0)

  local function enter(instance, values, n, before, value, problem)
    local entry = entry_of(value, instance.program.method)
    if entry then
      instance.args = false
      if instance.worker then instance.worker.entry = entry end
      if limits.isolated then sys(3) end -- who starts it need not wait for what it computes
      return entry(unpack(values, 1, n)) -- a tail call: nothing of ours stays on the stack of a process that waits
    end
    if instance.ops == before then
      kit.error(kit.make_error({
        message = 'method "' .. instance.program.method .. '" not found in module', kind = "NotFound", retryable = false,
      }))
    end
    return value, problem
  end

  local function main()
    local instance = state.instance
    local values = instance.args == EMPTY and NONE or kit.decode(instance.args)
    local n = kit.lengths[values] or #values
    if instance.program.transactional then
      values, n = {kit.joined_transaction(), unpack(values, 1, n)}, n + 1
    end
    local kept = instance.worker and instance.worker.entry
    if kept then
      instance.args = false
      return kept(unpack(values, 1, n))
    end
    local chunk = prepared.load_units(instance.program.units)
    return enter(instance, values, n, instance.ops, chunk(unpack(values, 1, n)))
  end

  return main, ended
end
