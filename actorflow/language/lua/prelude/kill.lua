-- Limits, and the end of a process that goes beyond one. Called with (kit, limits, look, heavy, burst), gives kit begin,
-- enter, charge, weigh_piece, forget, watch, spend, die, end_of. `look()` gives the seconds that this thread has computed,
-- or less than 0 when the process has been ended meanwhile; `heavy(KiB)` tells that a process holds more than
-- `limits.memory.warn`; `burst(instance, text)` ends another process and everything in it, unless it answers false.
--
-- A process may use so many instructions between two ops, counted by a hook on each of its coroutines; calls of native
-- functions that take long are charged for what they do. As no count covers everything, a clock is the second line.
-- A process is charged for what the heap grows by in its slices, and relieved of what is freed there. That is no measure:
-- whoever is charged too much is weighed before anything happens to it, in pieces between the slices of others.
-- What kills raises FATAL, which no pcall of a script sees: each level raises it again, and from then on every
-- instruction does.

local type, next, error, rawequal, setmetatable, collect = type, next, error, rawequal, setmetatable, collectgarbage
local sethook, getinfo = debug.sethook, debug.getinfo
local running, clock = coroutine.running, os.clock
local byte, sub, gsub, concat = string.byte, string.sub, string.gsub, table.concat

local HOOK <const> = 1000 -- instructions between two looks
local CREATION <const> = 500 -- what a coroutine is charged: it may run HOOK - 1 instructions uncounted
local PATIENCE <const> = 4 -- times the limit may pass by the clock, which counts what this thread computes
local GLANCE <const> = 0.01 -- seconds of the whole program between two looks at that clock
local LEAST_PATIENCE <const> = 2.0 -- seconds
local CHARGED <const> = 2 -- of an instance: KiB
local BEYOND <const> = 1.25 -- times its limit that a process may be charged before it is looked at within a slice
local GLIMPSE <const>, PIECE <const> = 300000, 3000 -- objects looked at within a slice, and in a piece of weighing
local NOTED <const> = 0.8 -- what weighing takes, for each KiB it has met
local MAX_FRAMES <const> = 30
local SCRIPT <const> = 64 -- "@" begins the chunk name of a script's source, and of nothing else

return function(kit, limits, look, heavy, burst)
  local FATAL = setmetatable({}, {__metatable = false})
  local used, budget, milliseconds, began, looked = 0, 0, 0, nil, 0
  local memory_kib = limits.memory_kib
  local counted, ceiling, mine = 0, memory_kib, nil -- the heap at the end of the last slice; its end in this one, and whose
  local weighed, work -- the instance that is weighed in pieces, and how far that is
  local aside = 0 -- KiB of the heap that weighing may take
  local warned = setmetatable({}, {__mode = "k"}) -- instances whose weight has been told
  local fatal -- {message, stack} of the end that is under way
  kit.FATAL = FATAL

  -- ---- where a script stands: messages name the entry, which is the same everywhere, stacks the file ----------------

  local files = {} -- id of an entry -> the file that its source came from

  local function file_of(id) return files[id] or id end
  function kit.came_from(id, file) files[id] = file end
  kit.file_of = file_of

  local function frames(co)
    local list = {}
    for level = 0, 1000 do
      local info = getinfo(co, level, "Sln")
      if not info or #list >= MAX_FRAMES then break end
      if byte(info.source) == SCRIPT then
        local name = info.name and "in " .. info.name or "in function <line " .. info.linedefined .. ">"
        list[#list + 1] = file_of(sub(info.source, 2)) .. ":" .. info.currentline .. ": " .. name
      end
    end
    return concat(list, "\n")
  end
  kit.frames = frames

  local function place(co)
    for level = 0, 1000 do
      local info = getinfo(co, level, "Sl")
      if not info then return "" end
      if byte(info.source) == SCRIPT then return info.short_src .. ":" .. info.currentline .. ": " end
    end
    return ""
  end

  -- Gives a message that names a line of the prelude the line of the script instead.
  function kit.positioned(message, co)
    if type(message) ~= "string" or sub(message, 1, 9) ~= "[prelude/" then return message end
    return place(co or running()) .. gsub(message, "^%[prelude/[%w_]+%]:%d+: ", "", 1)
  end

  -- Raises a message at the script's line, or an error object.
  function kit.error(problem)
    if type(problem) == "string" then problem = place(running()) .. problem end
    error(problem, 0)
  end

  -- ---- the end ------------------------------------------------------------------------------------------------------

  local function again() error(FATAL, 0) end

  local function raise_fatal()
    local co, is_main = running()
    if not is_main then sethook(co, again, "", 1) end -- every further instruction: no __close gets away either
    error(FATAL, 0)
  end

  local function die(message)
    if not fatal then
      local co = running()
      fatal = {message = place(co) .. message, stack = frames(co)}
    end
    raise_fatal()
  end
  kit.die = die

  local function out_of_memory()
    die("out of memory: more than limits.memory allows (" .. (memory_kib // 1024) .. " MiB)")
  end

  local function out_of_time()
    die("computed longer than limits.slice.kill allows (" .. milliseconds .. " ms, " .. budget
      .. " instructions) between two calls")
  end

  -- Who is charged most, and more than `charged`, of those that may be ended.
  local function heaviest(charged, spared)
    local found
    for _, instance in next, kit.instances do
      if instance ~= mine and instance[CHARGED] > charged and not spared[instance] then
        found, charged = instance, instance[CHARGED]
      end
    end
    return found
  end

  -- Ends who is charged most, or takes back of the charge what is garbage; false when that is the running process, or
  -- is not charged twice as much.
  local function lighten(spared)
    local other = heaviest(mine[CHARGED] * 2, spared)
    if not other then return false end
    local half = other[CHARGED] / 2
    local held = kit.weigh(other, half, GLIMPSE)
    if held and held <= half then other[CHARGED] = held
    elseif not burst(other, "holds most of a memory that is full: more than limits.memory allows ("
      .. (memory_kib // 1024) .. " MiB)") then spared[other] = true end
    return true
  end

  -- Ends others that hold most of a heap that is full; tells whether there is room then.
  local function make_way(most)
    local spared = {}
    while lighten(spared) do
      collect() -- nothing here refers to the one that has ended
      counted, began = collect("count"), nil
      if counted <= most then return true end
    end
    return false
  end

  -- Whether the heap is over its limit even without garbage, and without what weighing takes, and the running process is
  -- who has to end for that. What is freed here is no relief for whoever runs.
  local function is_full()
    local most, count = memory_kib + aside, collect("count")
    if count <= most then return false end
    if mine then
      local charged = mine[CHARGED] + count - counted
      mine[CHARGED] = charged > 0 and charged or 0
    end
    collect()
    counted = collect("count")
    return counted > most and not (mine and burst and make_way(most))
  end
  kit.is_full = is_full

  -- Charges an instance with what it holds, but less than three quarters of its limit: it is weighed again when it has
  -- grown by a quarter. Weighing is nobody's charge, and its time not the script's.
  local function recharge(held, limit)
    mine[CHARGED] = held < limit * 0.75 and held or limit * 0.75
  end

  -- Whether the running process, charged a quarter more than it may hold, is known to hold too much. Where that would
  -- take long it is not asked before the end of the slice, where it can be done in pieces.
  local function is_heavy(count)
    local limit = mine.program.memory_kib
    local held = kit.weigh(mine, limit, GLIMPSE)
    if held then recharge(held, limit) else mine[CHARGED] = mine[CHARGED] + count - counted end
    counted, began = collect("count"), nil
    return held and held > limit
  end

  local function set_ceiling(beyond)
    ceiling = counted + mine.program.memory_kib * beyond - mine[CHARGED]
    if ceiling > memory_kib + aside then ceiling = memory_kib + aside end
  end

  local function too_heavy()
    return "holds more memory than limits.memory.kill allows (" .. (mine.program.memory_kib // 1024) .. " MiB)"
  end

  local function look_at_heap(count)
    local limit = mine.program.memory_kib
    if mine[CHARGED] + count - counted > limit * BEYOND and is_heavy(count) then die(too_heavy()) end
    if count > memory_kib + aside and is_full() then out_of_memory() end
    set_ceiling(mine[CHARGED] > limit and mine[CHARGED] / limit + 0.25 or BEYOND)
  end

  local function look_at_clock()
    local glanced = clock()
    if glanced - looked < GLANCE then return end
    looked = glanced
    local now = look()
    if now < 0 then die("ended from outside") end
    if not began then began = now
    elseif now - began > LEAST_PATIENCE and (now - began) * 1000 > PATIENCE * milliseconds then out_of_time() end
  end

  local function hook()
    used = used + HOOK
    if used > budget then out_of_time() end
    local count = collect("count")
    if count > ceiling then look_at_heap(count) end
    look_at_clock()
  end

  -- Charges instructions for work that the hook does not see.
  local function spend(instructions)
    used = used + instructions
    if used > budget then out_of_time() end
  end
  kit.spend = spend

  -- Before Python hands something to a running script: there must be room for it.
  function kit.make_room()
    if collect("count") > memory_kib + aside and is_full() then out_of_memory() end
  end

  -- A process gets its turn.
  function kit.begin(program)
    used, began, fatal = 0, nil, nil
    budget, milliseconds = program.instructions, program.milliseconds
  end

  -- An instance gets its turn.
  function kit.enter(instance)
    mine = instance
    kit.begin(instance.program)
    set_ceiling(BEYOND)
  end

  -- What is beyond its warning is told once; what is charged more than its limit is weighed before it goes on; what
  -- would be beyond the limit of the runtime ends.
  local function burdened(charged)
    if charged > mine.program.memory_kib and not mine.weighing then mine.weighing = {answers = {}} end
    if charged > mine.program.warn_kib and not warned[mine] then
      warned[mine] = true
      heavy(charged // 1)
    end
    if counted > memory_kib + aside and is_full() then return "not enough memory" end
    return nil
  end

  -- What the heap has grown to until now is nobody's charge.
  function kit.count_heap() counted = collect("count") end

  -- A slice is over: charges the instance, and returns what ends it, if anything does.
  function kit.charge(instance)
    local count = collect("count")
    local charged = instance[CHARGED] + count - counted
    counted, mine = count, instance
    instance[CHARGED] = charged > 0 and charged or 0
    if charged > instance.program.warn_kib or count > memory_kib then return burdened(charged) end
    return nil
  end

  -- ---- weighing in pieces: one process at a time, none of whose tasks runs meanwhile --------------------------------

  -- A piece of weighing the instance whose turn it is: true while there is more to do, or others have to be weighed
  -- first. Then what ends it, if anything does: it stands at `co`.
  function kit.weigh_piece(co)
    if weighed and weighed ~= mine then return true end
    local limit = mine.program.memory_kib
    if not weighed then weighed, work = mine, kit.begin_weighing(mine, limit) end
    local held, done = kit.weigh_on(work, PIECE)
    aside = held * NOTED
    if done then
      weighed, work, aside = nil, nil, 0
      recharge(held, limit)
    end
    counted = collect("count")
    if not done then return true end
    if held <= limit then return false end
    fatal = {message = place(co) .. too_heavy(), stack = frames(co)}
    return false, FATAL
  end

  -- An instance is gone.
  function kit.forget(instance)
    if weighed == instance then weighed, work, aside = nil, nil, 0 end
  end

  function kit.watch(co)
    sethook(co, hook, "", HOOK)
    return co
  end

  function kit.charge_coroutine() spend(CREATION) end

  -- Passes on what a protected call gave, unless that was the end of the process.
  function kit.checked(ok, ...)
    if not ok then
      local problem = ...
      if rawequal(problem, FATAL) then raise_fatal() end
      if problem == "not enough memory" then out_of_memory() end
      look_at_clock() -- unwinding a deep stack takes long, and no hook runs where C's stack is used up
    end
    return ok, ...
  end

  -- What ended a process, as the fields of an error, if `problem` is such an end.
  function kit.end_of(problem, co)
    if problem == "not enough memory" then
      return {
        message = place(co) .. "out of memory: more than limits.memory allows (" .. (memory_kib // 1024) .. " MiB)",
        kind = "Resource", retryable = false, stack = frames(co),
      }
    end
    if not rawequal(problem, FATAL) then return nil end
    return {message = fatal.message, kind = "Resource", retryable = false, stack = fatal.stack}
  end
end
