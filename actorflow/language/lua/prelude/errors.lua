-- Error objects: tables that behave as userdata, concatenate, and pass for their message in string functions.
-- Returns function(kit) -> errors module, make(fields).

local type, rawget, next, setmetatable = type, rawget, next, setmetatable
local concat = table.concat

local KINDS <const> = {
  NOT_FOUND = "NotFound", ALREADY_EXISTS = "AlreadyExists", INVALID = "Invalid", PERMISSION_DENIED = "PermissionDenied",
  UNAVAILABLE = "Unavailable", INTERNAL = "Internal", CANCELED = "Canceled", CONFLICT = "Conflict", TIMEOUT = "Timeout",
  RATE_LIMITED = "RateLimited", RESOURCE = "Resource", UNKNOWN = "",
}

return function(kit)
  local fields_of = setmetatable({}, {__mode = "k"})
  local methods = {}
  local class = kit.class("Error", methods)
  local errors = {}
  for name, kind in next, KINDS do errors[name] = kind end

  local function make(fields)
    local object = kit.object(class)
    fields_of[object] = fields
    return object
  end

  local function text(value)
    local fields = fields_of[value]
    return fields and fields.message or kit.tostring(value)
  end

  class.__tostring = function(self) return fields_of[self].message end
  class.__concat = function(a, b) return text(a) .. text(b) end
  class.__eq = nil

  function kit.message_of(value)
    local fields = fields_of[value]
    return fields and fields.message or nil
  end

  function kit.failure_of(value) return fields_of[value] end

  function methods.kind(self) return fields_of[self].kind end
  function methods.message(self) return fields_of[self].message end
  function methods.retryable(self) return fields_of[self].retryable end
  function methods.details(self) return fields_of[self].details end
  function methods.stack(self) return fields_of[self].stack or "" end

  function errors.new(options, ...)
    if type(options) == "string" then return make({message = options, kind = ""}) end
    if type(options) ~= "table" or type(options.message) ~= "string" then
      kit.error("errors.new: message must be a string", 2)
    end
    local details = options.details
    if type(details) == "table" and next(details) == nil then details = nil end
    return make({message = options.message, kind = options.kind or "", retryable = options.retryable, details = details})
  end

  function errors.wrap(err, context)
    local inner = fields_of[err]
    local stack = kit.tostring(context)
    if not inner then return make({message = kit.tostring(err), kind = "", stack = stack}) end
    local deeper = inner.stack and inner.stack ~= "" and (stack .. "\n" .. inner.stack) or stack
    return make({
      message = inner.message, kind = inner.kind, retryable = inner.retryable, details = inner.details, stack = deeper,
    })
  end

  function errors.is(value, kind)
    local fields = fields_of[value]
    return fields ~= nil and fields.kind == kind
  end

  function errors.call_stack(err)
    local fields = fields_of[err]
    if not fields then return nil end
    local frames, level = {}, 0
    for source, line, name in (fields.stack or ""):gmatch("([^\n:]+):(%d+): in ([^\n]*)") do
      level = level + 1
      frames[level] = {level = level, source = source, line = line + 0, name = name, type = "lua"}
    end
    return {thread = "main", frames = frames}
  end

  function kit.invalid(message) return make({message = message, kind = "Invalid", retryable = false}) end

  return errors, make
end
