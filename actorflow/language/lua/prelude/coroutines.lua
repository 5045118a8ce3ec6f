-- pcall, xpcall and coroutines for scripts. Called with (kit) -> coroutine library, pcall, xpcall.
--
-- An op is a yield that carries SYS; when a coroutine of the script does one, it is passed upward by whoever resumed
-- it, and the answer downward, so that scripts do not notice. The end of the process passes through all of them.

local type, select, rawequal, setmetatable, error, pcall, xpcall = type, select, rawequal, setmetatable, error, pcall,
  xpcall
local create, resume, status, close = coroutine.create, coroutine.resume, coroutine.status, coroutine.close
local running, yield = coroutine.running, coroutine.yield
local insert = table.insert

return function(kit)
  local FATAL, checked, positioned = kit.FATAL, kit.checked, kit.positioned
  local SYS <const> = {} -- what our own yields carry first; scripts cannot get hold of it
  -- coroutines that scripts made; true while one waits in an op, or if it is a task
  local owned = setmetatable({}, {__mode = "k"})
  local inner = setmetatable({}, {__mode = "k"}) -- coroutine -> the one whose op it passed upward last
  kit.SYS = SYS

  local CALL <const> = 20 -- what a protected call is charged: too deep in C for a hook, only this counts
  local MAX_NESTED <const> = 180 -- as C's own limit, which does not hold in a coroutine once one of them has failed
  -- coroutine -> protected calls it is in; unwinding takes each its time
  local nested = setmetatable({}, {__mode = "k"})

  local function enter(co)
    local depth = (nested[co] or 0) + 1
    if depth > MAX_NESTED then
      kit.error("stack overflow: more than " .. MAX_NESTED .. " protected calls in each other")
    end
    nested[co] = depth
    return depth
  end

  local function left(co, depth, ...)
    nested[co] = depth > 1 and depth - 1 or nil
    return checked(...)
  end

  local function pcall_(...)
    if select("#", ...) == 0 then error("bad argument #1 to 'pcall' (value expected)", 2) end
    kit.spend(CALL)
    local co = running()
    return left(co, enter(co), xpcall((...), positioned, select(2, ...)))
  end

  local function xpcall_(f, handler, ...)
    if type(handler) ~= "function" then
      kit.error("bad argument #2 to 'xpcall' (function expected, got " .. kit.type(handler) .. ")")
    end
    kit.spend(CALL)
    local co = running()
    return left(co, enter(co), xpcall(f, function(problem)
      if rawequal(problem, FATAL) then return problem end
      return handler(positioned(problem))
    end, ...))
  end

  local function expect(co, name)
    if type(co) ~= "thread" then
      kit.error("bad argument #1 to '" .. name .. "' (coroutine expected, got " .. kit.type(co) .. ")")
    end
  end

  local function create_(f, name)
    if type(f) ~= "function" then
      kit.error("bad argument #1 to '" .. name .. "' (function expected, got " .. kit.type(f) .. ")")
    end
    kit.charge_coroutine()
    local co = kit.watch(create(f))
    owned[co] = false
    return co
  end

  local step_in

  local function stepped(co, ok, first, ...)
    if ok then
      if rawequal(first, SYS) then
        owned[co] = true
        inner[running()] = co
        return step_in(co, yield(SYS, ...))
      end
      owned[co] = false
      return true, first, ...
    end
    owned[co] = false
    return checked(false, positioned(first, co))
  end

  function step_in(co, ...)
    owned[co] = false
    return stepped(co, resume(co, ...))
  end

  local function resume_(co, ...)
    expect(co, "resume")
    if owned[co] and status(co) ~= "dead" then return false, "cannot resume coroutine blocked in a system call" end
    return step_in(co, ...)
  end

  local function unwrapped(co, ok, ...)
    if ok then return ... end
    if status(co) == "dead" then close(co) end -- as in Lua: what it was to close is closed
    error((...), 0)
  end

  -- A coroutine that the machine will resume as a task.
  function kit.task(f)
    kit.charge_coroutine()
    local co = kit.watch(create(function()
      f()
      return 0, "\xf6" -- RETURN nil
    end))
    owned[co] = true
    return co
  end

  -- The coroutine in which a task waits: itself, or one that it has resumed.
  function kit.innermost(co)
    local within = inner[co]
    while within and owned[within] do co, within = within, inner[within] end
    return co
  end

  -- A task and the coroutines that it waits in, innermost first.
  function kit.coroutines_of(co)
    local list, within = {co}, inner[co]
    while within and owned[within] do
      insert(list, 1, within)
      within = inner[within]
    end
    return list
  end

  local coroutines = {resume = resume_}
  function coroutines.create(f) return create_(f, "create") end
  function coroutines.wrap(f)
    local co = create_(f, "wrap")
    return function(...) return unwrapped(co, resume_(co, ...)) end
  end
  function coroutines.yield(...)
    if owned[running()] ~= false then kit.error("attempt to yield from outside a coroutine") end
    return yield(...)
  end
  function coroutines.status(co)
    expect(co, "status")
    return status(co)
  end
  function coroutines.running()
    local co = running()
    return owned[co] ~= nil and co or nil
  end
  return coroutines, pcall_, xpcall_
end
