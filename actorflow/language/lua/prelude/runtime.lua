-- The runtime: instances of programs, their tasks, and the one function that Python calls to resume a task.
--
-- Called with (sources, hooks, limits): `sources` are the other chunks of the prelude by name, compiled; `hooks` are
-- functions of the adapter that neither yield nor raise: identity(instance) -> CBOR, now(instance), draw(instance,
-- kind, size), note(instance, level, text, CBOR), dropped(instance, path), pure(instance, name, CBOR) -> ok, CBOR,
-- post(instance, dest, topic, form, payload) -> was it sent, look(instance) -> seconds that its thread has
-- computed, or less than 0 when nothing more of the instance is wanted, heavy(instance, KiB), burst(instance, text) -> was it ended. `limits.isolated`: the runtime belongs to one
-- entry. `limits.modules` are the names of the modules with a chunk `module_NAME` of their own: called with (kit, sys,
-- core) it returns the module; `limits.parts` are those of the chunks `part_MODULE_WHAT`: called with (kit, sys, core,
-- module) it adds to the module. Each chunk adds to `kit` what the later ones need.

local sources, hooks, limits = ...
local type, next, select, ipairs, setmetatable = type, next, select, ipairs, setmetatable
local unpack, concat = table.unpack, table.concat
local create, resume, yield = coroutine.create, coroutine.resume, coroutine.yield
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

-- Sends one payload if that is nothing but a delivery; tells whether it did. Its `form`: true, a scalar; false, the CBOR of
-- a list of one; a number, a map copied for who gets it, of this size.
-- That takes no yield, which buys a third of ping-pong, and counts as an op all the same.
function kit.post(dest, topic, form, payload)
  local instance = state.instance
  if not hooks.post(instance.id, dest, topic, form, payload) then return false end
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
  if tag == 10 then
    kit.took(a)
    return a
  end
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
sources.handing(kit, limits)
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

local main, ended = sources.main(kit, sys, limits, prepared)
local stepped, weighed = sources.steps(kit, ended)

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
