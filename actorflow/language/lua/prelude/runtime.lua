-- The runtime: instances of programs, their tasks, and the one function that Python calls to resume a task.
--
-- Called with (sources, hooks, limits): `sources` are the other chunks of the prelude by name, compiled; `hooks` are
-- functions of the adapter that neither yield nor raise: identity(instance) -> CBOR, now(instance), draw(instance,
-- kind, size), note(instance, level, text, CBOR), dropped(instance, path), pure(instance, name, CBOR) -> ok, CBOR,
-- post(instance, dest, topic, is_scalar, payload) -> was it sent, look(instance) -> seconds that its thread has
-- computed, or less than 0 when nothing more of the instance is wanted, heavy(instance, KiB), burst(instance, text) -> was it ended. `limits.isolated`: the runtime belongs to one
-- entry. `limits.modules` are the names of the modules with a chunk `module_NAME` of their own: called with (kit, sys,
-- core) it returns the module; `limits.parts` are those of the chunks `part_MODULE_WHAT`: called with (kit, sys, core,
-- module) it adds to the module. Each chunk adds to `kit` what the later ones need.

local sources, hooks, limits = ...
local type, next, select, ipairs, rawequal, setmetatable = type, next, select, ipairs, rawequal, setmetatable
local pcall = pcall
local pack, unpack, concat, remove = table.pack, table.unpack, table.concat, table.remove
local create, resume, status, yield, close = coroutine.create, coroutine.resume, coroutine.status, coroutine.yield,
  coroutine.close
local match, pack_bits, unpack_bits = string.match, string.pack, string.unpack

local state = {instance = {created = 0}} -- `instance` is the one that runs now
local kit = {state = state, instances = {}} -- `instances`: number -> instance

-- ---- what the chunks of the prelude share ---------------------------------------------------------------------------

local function asked(hook, ...) -- something comes back from Python
  kit.make_room()
  return hook(state.instance.id, ...)
end

local core = {
  now = function() return asked(hooks.now) end,
  draw = function(kind, size) return asked(hooks.draw, kind, size) end,
  note = function(level, text, fields) hooks.note(state.instance.id, level, text, fields or "\xa0") end,
}

function kit.fresh_identity() return kit.decode(asked(hooks.identity)) end
function kit.identity()
  local instance = state.instance
  local known = instance.identity
  if not known then
    known = kit.fresh_identity()
    instance.identity = known
  end
  return known
end
function kit.dropped(path) hooks.dropped(state.instance.id, path) end

local function answered(tag, a, b, c, d, e, f, g)
  if tag == 6 then return false, kit.decode(a) end -- a failure
  if tag == 7 then return true, nil, true end -- of a closed channel
  if tag == 8 then return true, c, b, a, d, e, f, g end -- of a select: its value is taken only if it was received
  if tag == 9 then return true, kit.value(b, c, d), a end -- the state of a future
  return true, kit.value(tag, a, b, c, d)
end

local function sys(op, ...)
  local instance = state.instance
  instance.ops = instance.ops + 1
  return answered(yield(kit.SYS, op, ...))
end

-- Sends one payload, a scalar or the CBOR of a list of one, if that is nothing but a delivery; tells whether it did.
-- That takes no yield, which buys a third of ping-pong, and counts as an op all the same.
function kit.post(dest, topic, is_scalar, payload)
  local instance = state.instance
  if not hooks.post(instance.id, dest, topic, is_scalar, payload) then return false end
  instance.ops = instance.ops + 1
  kit.begin(instance.program)
  return true
end

-- A pure operation, done at once: its value, or nil and the error. Nothing of it is recorded, for it gives the same
-- again.
function kit.pure(name, ...)
  local args, problem = kit.encode_list(select("#", ...), "args", ...)
  if not args then return nil, problem end
  kit.spend(#args >> 4)
  local ok, data = asked(hooks.pure, name, args)
  kit.spend(#data >> 4)
  local value = kit.decode(data)
  if ok then return value end
  return nil, value
end

-- An operation of the node, which may take its time: its value, or nil and the error.
function kit.perform(name, ...)
  local args, problem = kit.encode_list(select("#", ...), "args", ...)
  if not args then return nil, problem end
  local ok, value = sys(39, name, args)
  if ok then return value end
  return nil, value
end

-- Keeps a value that stays in the process; the machine moves the number of its slot.
function kit.keep(value)
  local instance = state.instance
  local slot = instance.slot + 1
  instance.slot = slot
  if value ~= nil then
    local slots = instance.slots
    if slots then slots[slot] = value else instance.slots = {[slot] = value} end
  end
  return slot
end

local function taken(slot)
  local slots = state.instance.slots
  local value = slots and slots[slot]
  if value ~= nil then slots[slot] = nil end
  return value
end

local WEAK <const> = {__mode = "v"}

local function object_of(class, handle, channel)
  local objects = state.instance.objects
  if not objects then
    objects = setmetatable({}, WEAK)
    state.instance.objects = objects
  end
  local object = objects[handle]
  if object == nil then
    object = kit.new_object(class, handle, channel and object_of(1, channel))
    objects[handle] = object
  end
  return object
end

-- A value from Python, by its tag.
function kit.value(tag, a, b, c, d)
  if tag == 1 then return a end
  if tag == 2 then return kit.decode(a) end
  if tag == 3 then return taken(a) end
  if tag == 4 then return object_of(a, b, c) end
  if tag == 5 then return kit.message(a, b, c, d) end
  return nil
end

-- Keeps an object for as long as the process lives.
function kit.hold(object)
  local instance = state.instance
  if not instance.held then instance.held = {} end
  instance.held[object] = true
end

-- Has a function answer for the process outside of its tasks, by kind and name; without one none does any more.
function kit.set_handler(kind, name, f)
  local instance = state.instance
  if not instance.handlers then instance.handlers = {} end
  local named = instance.handlers[kind] or {}
  instance.handlers[kind] = named
  named[name] = f
end

-- Counts the updates that are under way in this process.
function kit.handling(change)
  local instance = state.instance
  instance.handling = (instance.handling or 0) + change
  return instance.handling
end

-- ---- the environment of scripts -------------------------------------------------------------------------------------

sources.objects(kit)
sources.memory(kit)
sources.kill(kit, limits, function() return hooks.look(state.instance.id) end, function(kib)
  hooks.heavy(state.instance.id, kib)
end, not limits.isolated and function(instance, text) return hooks.burst(instance.id, text) end)
sources.errors = sources.errors(kit)
local library = {table = sources.tables(kit)}
library.string = sources.text(kit, function(native, bounds, fail)
  return sources.pattern(native, bounds, fail, sources.pattern_match, sources.pattern_program)
end, limits)
library.pairs, library.next = sources.iteration(kit)
kit.pairs = library.pairs
kit.coroutines, library.pcall, library.xpcall = sources.coroutines(kit)
kit.pcall = library.pcall
sources.codec(kit)
sources.inspect(kit)
local base = sources.base(kit, core, library)
local types = sources.types(kit, sources.type_forms, sources.type_check, sources.type_order)
for name, value in next, types do base[name] = value end

local modules = {errors = sources.errors, coroutine = kit.coroutines}
modules.payload = sources.messages(kit)
modules.channel = sources.channels(kit, sys)
modules.funcs = sources.funcs(kit, sys)
modules.process = sources.process(kit, sys)
for _, name in next, {"calendar", "layout", "duration", "moment"} do sources[name](kit) end
modules.time = sources.timing(kit, sys, core)
modules.json = sources.json(kit)
sources.subscription(kit, sys)
sources.sql_builder(kit)
for name, module in next, sources.modules(kit, sys, core) do modules[name] = module end
for _, name in ipairs(limits.modules) do modules[name] = sources["module_" .. name](kit, sys, core) end
for _, name in ipairs(limits.parts) do sources["part_" .. name](kit, sys, core, modules[match(name, "^[^_]+")]) end
for name, module in next, modules do
  for key, value in next, module do
    if type(value) == "table" and not kit.class_of(value) then module[key] = kit.freeze(value, name .. "." .. key) end
  end
  modules[name] = kit.freeze(module, name)
end
base.subscribe, base.unsubscribe = kit.subscribe, kit.unsubscribe
for _, name in next, {"process", "channel", "payload", "errors", "coroutine"} do base[name] = modules[name] end
for _, name in next, {"string", "table", "math", "os"} do modules[name] = base[name] end

local prepared = sources.programs(kit, base, modules)
local programs = prepared.programs
local api = {compile = prepared.compile, prepare = prepared.prepare, drop = prepared.drop}

-- ---- the main task --------------------------------------------------------------------------------------------------

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
  local kept = instance.worker and instance.worker.entry
  if kept then
    instance.args = false
    return kept(unpack(values, 1, n))
  end
  local chunk = prepared.load_units(instance.program.units)
  return enter(instance, values, n, instance.ops, chunk(unpack(values, 1, n)))
end

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

-- ---- what Python calls ----------------------------------------------------------------------------------------------

local instances = kit.instances

-- number -> what is kept of a program between its runs: its entry function, once it is loaded
local workers = {}

local function worker_of(number)
  local known = workers[number]
  if not known then
    known = {entry = false}
    workers[number] = known
  end
  return known
end

function api.dismiss(worker) workers[worker] = nil end

-- Makes an instance with its main task, which is task 1. `worker` is 0 or keeps the entry function.
local function make(id, program, args, worker)
  -- `args` until the entry function begins; what few processes need is made when it is needed.
  -- Item 2 is what it is charged for memory (`kit.charge`): tasks after the main one begin with 3.
  instances[id] = {
    kit.watch(create(main)), 0,
    id = id, program = programs[program], args = args, ops = 0, created = 0, slot = 0, objects = false, held = false,
  } -- eight names: one more would double what the table takes in every process
  if worker > 0 then instances[id].worker = worker_of(worker) end
end

-- Makes a task of the coroutine that is in a slot.
function api.spawn(id, slot)
  local mine = instances[id]
  state.instance = mine
  local task = #mine + 1
  mine[task] = taken(slot)
  return task
end

-- The names of the functions that answer for a process, as CBOR.
function api.handlers(id, kind)
  local mine = instances[id]
  local names, n = {}, 0
  for name in next, mine and mine.handlers and mine.handlers[kind] or {} do
    n = n + 1
    names[n] = name
  end
  return kit.encode(kit.as_array(names, n))
end

local function handled(f, args)
  local values = kit.decode(args)
  return ended(f(unpack(values, 1, kit.lengths[values] or #values)))
end

-- Makes a task that runs the function which answers for a process.
function api.handle(id, kind, name, args)
  local mine = instances[id]
  state.instance = mine
  local f, task = mine.handlers[kind][name], #mine + 1
  mine[task] = kit.watch(create(function() return handled(f, args) end))
  return task
end

function api.discard(id, task)
  local mine = instances[id]
  if mine then mine[task] = false end
end

function api.close(id)
  local mine = instances[id]
  if mine and mine.weighing then kit.forget(mine) end
  instances[id] = nil
end

-- Whether the entry function has not begun.
function api.loading(id) return instances[id].args and true or false end

-- Of some handles, packed, those whose objects were collected: the adapter forgets what they stood for.
function api.released(id, handles)
  local objects, gone, at = instances[id].objects or {}, {}, 1
  while at <= #handles do
    local handle
    handle, at = unpack_bits("=i8", handles, at)
    if objects[handle] == nil then gone[#gone + 1] = pack_bits("=i8", handle) end
  end
  return concat(gone)
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

-- Resumes a task with an answer; returns its next op with operands.
function api.step(id, task, ...)
  local mine = instances[id]
  state.instance = mine
  kit.enter(mine)
  if mine.weighing then return weighed(mine, task, ...) end
  local co = mine[task]
  return stepped(task, co, resume(co, ...))
end

-- Makes an instance and runs its main task until its first op.
function api.begin(program, args, worker, id, task, ...)
  make(id, program, args, worker)
  return api.step(id, task, ...)
end

function api.where(id, task)
  local mine = instances[id]
  local co = mine and mine[task]
  if not co then return "" end
  return match(kit.frames(kit.innermost(co)), "^(.-:%d+): ") or ""
end

-- The frames of a task that waits, as CBOR; see `kit.inspect`.
function api.inspect(id, task)
  local mine = instances[id]
  local co = mine and mine[task]
  state.instance = mine
  return kit.encode(co and kit.inspect(co) or kit.as_array({}, 0))
end

-- The text of a value that the machine moves by the number of its slot; nil is kept in none.
function api.shown(id, slot)
  local mine = instances[id]
  local slots = mine and mine.slots
  return kit.shown_value(slots and slots[slot])
end

api.encode, api.decode = kit.encode, kit.decode
kit.count_heap()
return api
