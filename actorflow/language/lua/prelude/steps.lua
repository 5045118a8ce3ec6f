-- Steps: what a task answers when it was resumed, its end and its failure among that, and the steps of a process that is
-- weighed. Called with (kit, ended) -> stepped(task, coroutine, what its resumption gave…), weighed(instance, task,
-- answer…).

local type, next, rawequal, pcall = type, next, rawequal, pcall
local pack, unpack, remove = table.pack, table.unpack, table.remove
local create, resume, close = coroutine.create, coroutine.resume, coroutine.close

return function(kit, ended)
  local state = kit.state

  -- What a task that died of `problem` answers.
  local function explained(problem, co)
    local fields = kit.end_of(problem, co)
    if not fields then
      local known = kit.failure_of(problem)
      if known and known.stack and known.stack ~= "" then return problem end
      local stack = kit.frames(co)
      if known then
        fields = {message = known.message, kind = known.kind, retryable = known.retryable, details = known.details,
          stack = stack}
      else
        fields = {message = kit.shown(kit.positioned(problem, co)), kind = "Internal", stack = stack}
      end
    end
    return kit.make_error(fields)
  end

  -- The text of what a script raised; its own __tostring is not asked any more.
  function kit.shown(problem)
    local kind = type(problem)
    if kind == "table" or kind == "function" or kind == "thread" then return "error object of type " .. kind end
    return kit.tostring(problem)
  end

  -- An error whose details cannot be encoded goes without them.
  local function encoded(problem)
    local ok, data = pcall(kit.encode, problem)
    if ok then return data end
    local fields = kit.failure_of(problem)
    return kit.encode(kit.make_error({message = fields.message, kind = fields.kind, retryable = fields.retryable,
      stack = fields.stack}))
  end

  local function ending(task, co, problem)
    local failure = explained(problem, co)
    -- What is to be closed is closed, without waiting; not after the end of the process, for a coroutine that its hook
    -- has ended has no hook any more.
    if not kit.end_of(problem, co) then close(co) end
    state.instance[task] = false
    return 1, encoded(failure), kit.end_of(problem, co) ~= nil
  end

  local PLAIN <const> = {string = true, number = true, boolean = true, ["nil"] = true}

  local function encoded_end(task, co, ok, op, data)
    if ok then return op, data end
    return ending(task, co, op)
  end

  -- The end of a task. What takes time to encode is encoded by a coroutine, which its hook can end.
  local function returned(task, value, problem)
    if task ~= 1 then return value, problem end
    if problem == nil and PLAIN[type(value)] then return ended(value) end
    local co = kit.watch(create(ended))
    return encoded_end(task, co, resume(co, value, problem))
  end

  local stepped

  -- Undoes the sagas of a process whose main task has failed, in a coroutine that takes its place and fails as it did.
  local function undone(sagas, failure)
    local instance = state.instance
    local co = kit.watch(create(function()
      kit.undo_all(sagas, failure)
      return nil, failure
    end))
    instance[1] = co
    return stepped(1, co, resume(co))
  end

  -- The sagas that the end of a task leaves to be undone, which are asked for once.
  local function left_to_undo(task)
    local instance = state.instance
    local sagas = task == 1 and instance.sagas
    if not sagas then return nil end
    instance.sagas = nil
    return kit.anything_to_undo(sagas) and sagas or nil
  end

  local function failed(task, co, problem)
    local sagas = not kit.end_of(problem, co) and left_to_undo(task)
    if not sagas then return ending(task, co, problem) end
    local failure = explained(problem, co)
    close(co)
    return undone(sagas, failure)
  end

  local function finished(task, value, problem)
    local failing = type(problem) == "string" or kit.failure_of(problem)
    local sagas = failing and left_to_undo(task)
    if not sagas then return returned(task, value, problem) end
    if type(problem) == "string" then
      problem = kit.make_error({message = problem, kind = "Internal", retryable = false})
    end
    return undone(sagas, problem)
  end

  function stepped(task, co, ok, first, ...)
    if not ok then return failed(task, co, first) end
    local problem = kit.charge(state.instance)
    if problem then return ending(task, co, problem) end
    if rawequal(first, kit.SYS) then return ... end
    state.instance[task] = false
    if state.instance.sagas then return finished(task, first, ...) end
    return returned(task, first, ...)
  end

  local FAILURE <const> = 6 -- the tag of an answer

  -- Keeps the answer to a task of a process that is weighed: the tasks go on in the order in which they were answered. A
  -- later failure is an interruption.
  local function kept_back(waiting, task, ...)
    local answers, mine = waiting.answers, state.instance
    if not answers[task] then waiting[#waiting + 1] = task end
    if not answers[task] or ... == FAILURE then answers[task] = pack(...) end
    while not mine[waiting[1]] do answers[remove(waiting, 1)] = nil end -- a task that is gone
    if waiting[1] ~= task or waiting.done then return waiting.done end
    local more, problem = kit.weigh_piece(mine[task])
    waiting.done = not more
    return waiting.done, problem
  end

  -- A step of a process that is weighed: a piece of that, and an op that ends its turn, until its weight is known.
  local function weighed(mine, task, ...)
    local waiting, co = mine.weighing, mine[task]
    local done, problem = kept_back(waiting, task, ...)
    if problem then return ending(task, co, problem) end
    if not done then return 3, true end
    local answer = waiting.answers[task]
    waiting.answers[task] = nil
    if next(waiting.answers) == nil then mine.weighing = nil end
    return stepped(task, co, resume(co, unpack(answer, 1, answer.n)))
  end

  return stepped, weighed
end
