-- Several things at the same time in the module `workflow`: parallel and map. Called with (kit, sys, core, workflow);
-- needs what part_workflow_step.lua gives.

local type, next, min = type, next, math.min
local tointeger = math.tointeger

local MODES <const> = {parallel = true, sequential = true}
local ERRORS <const> = {first = true, collect = true}

return function(kit, sys, _, workflow)
  local invalid = kit.invalid

  -- ---- branches -----------------------------------------------------------------------------------------------------

  local Branches = {} -- n, job, outcomes, tasks, done; begun and running count them; failed is the first that did

  local function settled(branches, i, ok, value, problem)
    local outcome
    if not ok then outcome = {error = kit.failure_from(value)}
    elseif problem ~= nil and value == nil then outcome = {error = kit.failure_from(problem)}
    else outcome = {value = value} end
    branches.outcomes[i] = outcome
    branches.done:send(i) -- it has room for all
  end

  function Branches.begin(branches)
    local i = branches.begun + 1
    branches.begun, branches.running = i, branches.running + 1
    local co = kit.task(function() settled(branches, i, kit.pcall(branches.job, i)) end)
    local _, task = sys(2, kit.keep(co), true)
    branches.tasks[i] = task
  end

  function Branches.next_end(branches)
    local i = branches.done:receive()
    branches.running = branches.running - 1
    branches.tasks[i] = nil
    if branches.outcomes[i].error and not branches.failed then branches.failed = i end
  end

  function Branches.cancel(branches) -- once: the cleanup of a branch is not interrupted
    if branches.cancelled then return end
    branches.cancelled = true
    for i = 1, branches.begun do
      local task = branches.tasks[i]
      if task then sys(5, task[kit.ID]) end
    end
  end

  function Branches.run(branches)
    local n, limit, collect = branches.n, branches.limit, branches.collect
    while branches.running > 0 or (branches.begun < n and (collect or not branches.failed)) do
      while branches.begun < n and branches.running < limit and (collect or not branches.failed) do
        Branches.begin(branches)
      end
      local before = branches.failed
      Branches.next_end(branches)
      if branches.failed and not before and not collect then Branches.cancel(branches) end
    end
  end

  -- Lets those that run come to their end, however often that is interrupted.
  local function wound_up(branches, problem)
    if kit.kind_from(problem) ~= "Canceled" then Branches.cancel(branches) end -- that has reached them already
    while branches.running > 0 do
      kit.pcall(Branches.next_end, branches)
    end
    kit.error(problem)
  end

  -- Runs job(1) … job(n); gives the outcomes, and the number of the first that failed or nil.
  local function run(n, job, options)
    local _, done = sys(6, n)
    local branches = {n = n, job = job, limit = options.limit, collect = options.collect, done = done, outcomes = {},
      tasks = {}, begun = 0, running = 0}
    local ok, problem = kit.pcall(Branches.run, branches)
    if not ok then wound_up(branches, problem) end
    return branches.outcomes, branches.failed
  end

  -- ---- options ------------------------------------------------------------------------------------------------------

  -- Those of how things run together, and those of each step or nil; nil and an error when one is wrong.
  local function together(where, options, n)
    local made, step = {limit = n, collect = false}, nil
    if options ~= nil and (type(options) ~= "table" or kit.class_of(options)) then
      return nil, invalid(where .. ": expected a table of options, got " .. kit.type(options))
    end
    for key, value in next, kit.frozen[options] or options or {} do
      if key == "limit" then
        local whole = type(value) == "number" and tointeger(value)
        if not whole or whole < 1 then
          return nil, invalid(where .. ": options.limit: expected how many may run at once, got " .. kit.tostring(value))
        end
        made.limit = min(whole, made.limit)
      elseif key == "errors" then
        if not ERRORS[value] then
          return nil, invalid(where .. ": options.errors: expected 'first' or 'collect', got " .. kit.tostring(value))
        end
        made.collect = value == "collect"
      elseif key == "mode" then
        if not MODES[value] then
          return nil, invalid(where .. ": options.mode: expected 'parallel' or 'sequential', got " .. kit.tostring(value))
        end
        if value == "sequential" then made.limit = min(1, n) end
      else
        step = step or {}
        step[key] = value
      end
    end
    return made, step
  end

  -- What is given back: results by key, and the errors by key when they are collected; or nil and the first error.
  local function gathered(outcomes, failed, keys, collect)
    if failed and not collect then return nil, outcomes[failed].error end
    local results, problems = {}, nil
    for i = 1, #keys do
      results[keys[i]] = outcomes[i].value
      if outcomes[i].error then
        problems = problems or {}
        problems[keys[i]] = outcomes[i].error
      end
    end
    if #keys == 0 or keys[#keys] == #keys then kit.as_array(results, #keys) end
    return results, problems
  end

  -- ---- what scripts call --------------------------------------------------------------------------------------------

  -- workflow.parallel(functions, options): a list or a map of functions, all begun before any ends.
  function workflow.parallel(functions, options)
    if type(functions) ~= "table" or kit.class_of(functions) then
      return nil, invalid("workflow.parallel: expected a list or a map of functions, got " .. kit.type(functions))
    end
    local keys, jobs = {}, {}
    for key, job in kit.pairs(functions) do
      if type(job) ~= "function" then
        return nil, invalid("workflow.parallel: [" .. kit.tostring(key) .. "]: expected a function, got " .. kit.type(job))
      end
      keys[#keys + 1], jobs[#jobs + 1] = key, job
    end
    local how, unknown = together("workflow.parallel", options, #keys)
    if not how then return nil, unknown end
    if unknown then
      return nil, invalid("workflow.parallel: there is no option " .. kit.tostring(next(unknown)) .. "; there are errors,"
        .. " limit and mode")
    end
    local outcomes, failed = run(#keys, function(i) return jobs[i]() end, how)
    return gathered(outcomes, failed, keys, how.collect)
  end

  -- workflow.map(name, list, id or closure, options): a step `name[i]` for each item; results in order.
  function workflow.map(name, list, what, options)
    if type(list) ~= "table" or kit.class_of(list) then
      return nil, invalid("workflow.map: expected a list, got " .. kit.type(list))
    end
    local keys, items = {}, kit.frozen[list] or list
    local n = kit.lengths[list] or #items
    for i = 1, n do keys[i] = i end
    local how, step = together("workflow.map", options, n)
    if not how then return nil, step end
    local target, problem = kit.step_spec("workflow.map", name, what, nil, step)
    if target == nil then return nil, problem end
    if step and step.args ~= nil then return nil, invalid("workflow.map: there is no option args: the item is the input") end
    local given = type(what) == "function" and 2 or 1 -- a closure gets the item and its place
    local outcomes, failed = run(n, function(i)
      return kit.step(name .. "[" .. i .. "]", what, {items[i], i, n = given}, step)
    end, how)
    return gathered(outcomes, failed, keys, how.collect)
  end
end
