-- Error objects: they concatenate, and pass for their message in string functions.
-- Called with (kit) -> errors module; gives kit.make_error, invalid, failure_of, message_of.

local type, rawget, next, tointeger = type, rawget, next, math.tointeger
local gmatch, running = string.gmatch, coroutine.running
local metatable_of = debug.getmetatable

local KINDS <const> = {
  NOT_FOUND = "NotFound", ALREADY_EXISTS = "AlreadyExists", INVALID = "Invalid", PERMISSION_DENIED = "PermissionDenied",
  UNAVAILABLE = "Unavailable", INTERNAL = "Internal", CANCELED = "Canceled", CONFLICT = "Conflict", TIMEOUT = "Timeout",
  RATE_LIMITED = "RateLimited", RESOURCE = "Resource", UNKNOWN = "",
}

return function(kit)
  local DATA = kit.DATA
  kit.error_methods = {}
  local class = kit.class("Error", kit.error_methods)
  local errors = {}
  for name, kind in next, KINDS do errors[name] = kind end

  local function make(fields) return kit.object(class, fields) end
  kit.make_error = make

  local function failure_of(value)
    if metatable_of(value) ~= class then return nil end
    return rawget(value, DATA)
  end
  kit.failure_of = failure_of

  function kit.message_of(value)
    local fields = failure_of(value)
    return fields and fields.message
  end

  -- The message with what it was wrapped in.
  function kit.long_message_of(value)
    local fields = failure_of(value)
    return fields and (fields.long or fields.message)
  end

  function kit.invalid(message) return make({message = message, kind = "Invalid", retryable = false}) end

  local function text(value)
    local fields = failure_of(value)
    return fields and fields.message or kit.tostring(value)
  end

  class.__tostring = function(self) return rawget(self, DATA).message end
  class.__concat = function(a, b) return text(a) .. text(b) end

  kit.methods(class, {
    kind = function(fields) return fields.kind end,
    message = function(fields) return fields.message end,
    retryable = function(fields) return fields.retryable end,
    details = function(fields) return fields.details end,
    stack = function(fields) return fields.stack or "" end,
  })

  -- Details are those of the time when the error was made: a copy, without what is too deep to leave a process anyway.
  local function copied(value, depth)
    if type(value) ~= "table" or depth > 64 or kit.class_of(value) then return value end
    local copy = {}
    for key, field in next, kit.frozen[value] or value do copy[key] = copied(field, depth + 1) end
    kit.spend(10)
    return copy
  end

  local function refuse(field, expected, got)
    kit.error("errors.new: " .. field .. " must be " .. expected .. ", got " .. kit.type(got))
  end

  local function made(fields)
    fields.stack = kit.frames(running())
    return make(fields)
  end

  function errors.new(options)
    if type(options) == "string" then return made({message = options, kind = ""}) end
    if type(options) ~= "table" or kit.class_of(options) then refuse("the argument", "text or a table", options) end
    local message, kind, retryable, details = options.message, options.kind, options.retryable, options.details
    if type(message) ~= "string" then refuse("message", "a string", message) end
    if kind ~= nil and type(kind) ~= "string" then refuse("kind", "a string", kind) end
    if retryable ~= nil and type(retryable) ~= "boolean" then refuse("retryable", "a boolean", retryable) end
    if details ~= nil and (type(details) ~= "table" or kit.class_of(details)) then
      refuse("details", "a table", details)
    end
    if details ~= nil and next(details) == nil then details = nil end
    return made({message = message, kind = kind or "", retryable = retryable, details = details and copied(details, 1)})
  end

  function errors.wrap(err, context)
    local inner = failure_of(err)
    local stack = text(context)
    local long = stack .. ": " .. (inner and inner.long or text(err)) -- what %s shows
    if not inner then return make({message = text(err), kind = "", stack = stack, long = long}) end
    if inner.stack and inner.stack ~= "" then stack = stack .. "\n" .. inner.stack end
    return make({
      message = inner.message, kind = inner.kind, retryable = inner.retryable, details = inner.details, stack = stack,
      long = long,
    })
  end

  function errors.is(value, kind)
    local fields = failure_of(value)
    return fields ~= nil and fields.kind == kind
  end

  function errors.call_stack(err)
    local fields = failure_of(err)
    if not fields then return nil end
    local frames, level = {}, 0
    for source, line, name in gmatch(fields.stack or "", "([^\n]-):(%d+): in ([^\n]*)") do
      level = level + 1
      frames[level] = {level = level, source = source, line = tointeger(line + 0), name = name, type = "lua"}
    end
    return {thread = "main", frames = frames}
  end

  return errors
end
