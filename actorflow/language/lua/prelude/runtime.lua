-- The runtime: instances of programs, their tasks, and the one function that Python calls to resume a task.
--
-- Called with (sources, hooks): `sources` are the other prelude chunks by name, compiled; `hooks` are functions of the
-- adapter that never yield: identity() -> CBOR, now(), draw(kind, size), note(level, text, fields as CBOR).

local sources, hooks = ...
local type, next, select, rawequal, setmetatable, native_load = type, next, select, rawequal, setmetatable, load
local pack, unpack = table.pack, table.unpack
local create, resume, status, yield = coroutine.create, coroutine.resume, coroutine.status, coroutine.yield
local gsub, match, gmatch, find, sub = string.gsub, string.match, string.gmatch, string.find, string.sub
local upper = string.upper

local limits = hooks.limits
local kit, sys
local instance -- the one that runs now

local codec_hooks = {}
local encode, decode, encode_list, as_array, lengths = sources.codec()(codec_hooks)

local identity_of = setmetatable({}, {__mode = "k"})
local function identity()
  local known = identity_of[instance]
  if not known then
    known = decode(hooks.identity(instance.id))
    identity_of[instance] = known
  end
  return known
end

local core = {
  limits = limits,
  identity = identity,
  now = function() return hooks.now(instance.id) end,
  draw = function(kind, size) return hooks.draw(instance.id, kind, size) end,
  note = function(level, text) hooks.note(instance.id, level, text, "\xa0") end,
  patterns = function(native, pattern_limits, fail) return sources.pattern()(native, pattern_limits, fail, sources.pattern_program()) end,
}
local base
base, kit = sources.base()(core)
kit.upper = upper
kit.now, kit.draw = core.now, core.draw
local errors, make_error = sources.errors()(kit)
kit.errors = kit.freeze(errors, "errors")

codec_hooks.is_failure = kit.failure_of
codec_hooks.is_object = function(value) return kit.class_of[value] ~= nil end
codec_hooks.make_failure = function(message, kind, retryable, details, stack)
  return make_error({message = message, kind = kind, retryable = retryable, details = details, stack = stack})
end
codec_hooks.dropped = function(path) hooks.dropped(instance.id, path) end
codec_hooks.refuse = function(path, got, expected)
  kit.native_error(kit.invalid(path .. ": got " .. got .. ", expected " .. expected), 0)
end

-- ---- values between a task and the machine ----------------------------------------------------------------------

local function from(tag, a, b, c)
  if tag == 1 then return a end
  if tag == 2 then return decode(a) end
  if tag == 3 then
    local value = instance.slots[a]
    instance.slots[a] = nil
    return value
  end
  if tag == 4 then
    local object = instance.objects[b]
    if object == nil then
      object = kit.new_object(a, b, c and from(4, 1, c) or nil, instance)
      instance.objects[b] = object
    end
    return object
  end
  if tag == 5 then return kit.message(a, b, c) end
  return nil
end

-- Functions keep nil and other values apart from a free slot by boxing nil.
function kit.keep(value)
  local slots = instance.slots
  local slot = instance.free
  instance.free = slot + 1
  slots[slot] = value
  return slot
end

local function answered(mode, tag, a, b, c, ok, index)
  if mode ~= 0 then return false, decode(a) end
  return true, from(tag, a, b, c), ok, index
end

function sys(op, ...)
  instance.ops = instance.ops + 1
  return answered(yield(kit.SYS, op, ...))
end

local codec = {encode = encode, decode = decode, encode_list = encode_list, as_array = as_array, lengths = lengths}
local modules = sources.api()(kit, sys, codec, make_error)
local time, moment = sources.timing()(kit, sys, kit.wrap_timer, kit.wrap_channel)
kit.moment = moment
modules.time = time
modules.json = sources.json()(kit, lengths, make_error)
modules.coroutine = kit.coroutines

for name, module in next, modules do
  for key, value in next, module do
    if type(value) == "table" and not kit.class_of[value] then module[key] = kit.freeze(value, name .. "." .. key) end
  end
  modules[name] = kit.freeze(module, name)
end
modules.errors = kit.errors
for _, name in next, {"process", "channel", "payload", "errors", "coroutine"} do base[name] = modules[name] end
function base.subscribe(topic, ch)
  if type(topic) ~= "string" then return nil, kit.invalid("subscribe: expected a topic") end
  local ok, value = sys(15, topic, kit.id_of[ch])
  if ok then return value end
  return nil, value
end
function base.unsubscribe(ch)
  local _, found = sys(16, kit.id_of[ch])
  return found
end
for _, name in next, {"string", "table", "math", "os"} do modules[name] = base[name] end

-- ---- environments -----------------------------------------------------------------------------------------------

local shared_base = {__index = base, __metatable = false}

local function environment(names)
  local env = setmetatable({}, shared_base)
  env._G = env
  for i = 1, #names do env[names[i]] = modules[names[i]] end
  env.require = function(name)
    local found = env[name]
    if found == nil then kit.error("module '" .. kit.tostring(name) .. "' not found", 2) end
    return found
  end
  return env
end

local chunks = {} -- chunk number -> the function that makes the chunk for an environment

local api = {}

function api.compile(text, name)
  local made, problem = native_load("local _ENV = ...; return function(...) " .. text .. "\nend", "@" .. name, "t")
  if not made then return nil, problem end
  local number = #chunks + 1
  chunks[number] = made
  return number
end

function api.has(name) return modules[name] ~= nil end

-- ---- the main task -----------------------------------------------------------------------------------------------

local function split(names)
  local list = {}
  for name in gmatch(names, "[^,]+") do list[#list + 1] = name end
  return list
end

-- A plan is text, one line a unit: alias TAB chunk number TAB modules TAB units it imports. The last line is the entry.
local function load_units(plan)
  local made = {}
  local last
  for line in gmatch(plan, "[^\n]+") do
    local key, alias_list, number, names = match(line, "^(%d+)\t([^\t]*)\t(%d+)\t([^\t]*)")
    local env = environment(split(names))
    for pair in gmatch(alias_list, "[^,]+") do
      local alias, unit = match(pair, "^(.-)=(%d+)$")
      env[alias] = made[unit]
    end
    last = chunks[number + 0](env)
    if not find(line, "\tentry$") then made[key] = last() end
  end
  return last
end

local function entry_of(value, method)
  if type(value) == "function" then return value end
  if type(value) == "table" and type(value[method]) == "function" then return value[method] end
  return nil
end

local function ended(value, problem)
  if type(problem) == "string" then
    return 1, encode(make_error({message = problem, kind = "Internal", retryable = false}))
  end
  if problem ~= nil and kit.failure_of(problem) then return 1, encode(problem) end
  return 0, encode(value, "result")
end

local function main(plan, method, args)
  local chunk = load_units(plan)
  local values = decode(args)
  local n = lengths[values] or #values
  local before = instance.ops
  local results = pack(chunk(unpack(values, 1, n)))
  local entry = entry_of(results[1], method)
  instance.loading = false
  if entry then return ended(entry(unpack(values, 1, n))) end
  if instance.ops == before then
    kit.native_error(make_error({message = "method '" .. method .. "' not found in module", kind = "NotFound", retryable = false}), 0)
  end
  return ended(results[1], results[2])
end

-- ---- failures ----------------------------------------------------------------------------------------------------

local function frames(trace)
  local list = {}
  for line in gmatch(trace, "[^\n]+") do
    local place, number, what = match(line, "^%s*(.-):(%d+): (.*)$")
    if place and sub(place, 1, 1) ~= "[" and not find(place, "^=?prelude/") then list[#list + 1] = place .. ":" .. number .. ": " .. what end
  end
  return table.concat(list, "\n")
end

local function explain(problem)
  if rawequal(problem, kit.FATAL) then
    return make_error({message = kit.fatal_message, kind = "Resource", retryable = false, stack = frames(kit.traceback("", 2))})
  end
  if type(problem) == "string" and find(problem, "not enough memory", 1, true) then
    return make_error({message = "not enough memory", kind = "Resource", retryable = false})
  end
  local stack = frames(kit.traceback("", 2))
  local fields = kit.failure_of(problem)
  if fields then
    if fields.stack and fields.stack ~= "" then return problem end
    return make_error({
      message = fields.message, kind = fields.kind, retryable = fields.retryable, details = fields.details, stack = stack,
    })
  end
  return make_error({message = kit.tostring(problem), kind = "Internal", stack = stack})
end

local function finished(ok, code, data)
  if ok then return code, data end
  if type(code) ~= "table" then code = make_error({message = kit.tostring(code), kind = "Internal"}) end
  return 1, encode(code)
end

local function guarded(body, ...) return finished(kit.native_xpcall(body, explain, ...)) end

-- ---- what Python calls -------------------------------------------------------------------------------------------

local instances = {}

function api.open(id)
  instances[id] = {id = id, tasks = {}, slots = {}, free = 1, objects = setmetatable({}, {__mode = "v"}), ops = 0, released = {}}
end

-- Handles whose objects were collected, as text: the adapter forgets what they stood for.
function api.released(id)
  local mine = instances[id]
  local list = {}
  for handle in next, mine.released do
    if mine.objects[handle] == nil then list[#list + 1] = handle end
  end
  mine.released = {}
  return table.concat(list, ",")
end

function api.close(id) instances[id] = nil end

function api.start(id, plan, method, args)
  local mine = instances[id]
  local task = #mine.tasks + 1
  local co = kit.watch(create(function() return guarded(main, plan, method, args) end))
  mine.tasks[task] = co
  return task
end

function api.spawn(id, slot)
  local mine = instances[id]
  local body = mine.slots[slot]
  mine.slots[slot] = nil
  local task = #mine.tasks + 1
  mine.tasks[task] = kit.watch(create(function()
    return guarded(function()
      body()
      return 0, "\xf6"
    end)
  end))
  return task
end

function api.discard(id, task)
  local mine = instances[id]
  if mine then mine.tasks[task] = false end
end

local function stepped(task, co, ok, first, ...)
  if ok and rawequal(first, kit.SYS) then return ... end
  if not ok then
    instance.tasks[task] = false
    return 1, encode(explain(first))
  end
  if status(co) == "dead" then
    instance.tasks[task] = false
    return first, ...
  end
  return stepped(task, co, resume(co, 1, 6, encode(make_error({message = "attempt to yield from outside a coroutine", kind = "Internal"}))))
end

function api.step(id, task, ...)
  instance = instances[id]
  kit.refill()
  local co = instance.tasks[task]
  return stepped(task, co, resume(co, ...))
end

function api.where(id, task)
  local mine = instances[id]
  local co = mine and mine.tasks[task]
  if not co then return "" end
  local trace = frames(kit.traceback(co))
  return match(trace, "^(.-:%d+)") or ""
end

api.encode, api.decode = encode, decode
return api
