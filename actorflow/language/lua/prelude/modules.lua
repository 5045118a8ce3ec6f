-- Small modules: ctx, logger. Called with (kit, sys, core) -> modules; needs what funcs.lua gives.

local type, next, pcall, getinfo = type, next, pcall, debug.getinfo
local byte, sub = string.byte, string.sub

return function(kit, sys, core)
  local modules, invalid = {}, kit.invalid
  local FACTS <const> = {invocation_id = true, attempt = true, heartbeat = true, deadline = true}

  modules.ctx = {
    get = function(key)
      if type(key) ~= "string" or key == "" then return nil, invalid("ctx.get: expected a non-empty key, got " .. kit.tostring(key)) end
      local value = kit.identity().context[key]
      if type(value) == "table" then value = kit.fresh_identity().context[key] end -- see `all`
      if value ~= nil and sub(key, 1, 1) ~= "@" then return value end
      if FACTS[key] and not kit.identity().durable then -- of the call that a function serves
        local info = kit.perform("activity.info")
        if info and info[key] ~= nil then return info[key] end
      end
      return nil, kit.make_error({message = "ctx.get: no value for " .. key, kind = "NotFound", retryable = false})
    end,
    all = function()
      local values = kit.fresh_identity().context -- a copy of its own: what the script does to it stays there
      for key in next, values do
        if sub(key, 1, 1) == "@" then values[key] = nil end
      end
      return values
    end,
  }

  -- A log line is not worth an error: what cannot leave the process is shown as text.
  local function encoded(fields)
    local ok, data = pcall(kit.encode_map, fields, "fields")
    if ok then return data end
    kit.checked(false, data)
    local shown = {}
    for name, value in next, fields do shown[kit.clean(name)] = kit.clean(kit.tostring(value)) end
    return kit.encode_map(shown, "fields")
  end

  -- The fields `old` with those in `new`; the items of a list go by their numbers, as text.
  local function with_fields(old, new, name)
    if type(new) == "table" and not kit.class_of(new) then
      local by_text = {}
      for key, value in next, kit.frozen[new] or new do
        by_text[type(key) == "string" and key or kit.tostring(key)] = value
      end
      new = by_text
    end
    return kit.merged(old, new, name)
  end

  -- `file:line` of the script's own line that is running.
  local function place()
    for level = 3, 10 do
      local info = getinfo(level, "Sl")
      if not info then return nil end
      if byte(info.source) == 64 then return sub(info.source, 2) .. ":" .. info.currentline end -- "@", as `api.compile` has it
    end
  end

  local Logger = kit.class("Logger", {})
  local function logger(fields) return kit.object(Logger, fields) end
  local bodies = {
    ["with"] = function(fields, more) return logger(with_fields(fields, more, "logger:with")) end,
    named = function(fields, name) 
      if not kit.is_text(name) or name == "" then kit.error("logger:named: expected a non-empty text, got " .. kit.tostring(name)) end
      local whole = fields.logger and fields.logger .. "." .. name or name
      return logger(kit.merged(fields, {logger = whole}, "logger:named"))
    end,
  }
  for _, level in next, {"debug", "info", "warn", "error"} do
    bodies[level] = function(fields, text, more)
      local all = kit.merged({location = place()}, fields, "logger:" .. level)
      if more ~= nil then all = with_fields(all, more, "logger:" .. level) end
      core.note(level, kit.tostring(text), encoded(all))
    end
  end
  kit.methods(Logger, bodies)
  kit.make_logger = function() return logger({}) end

  return modules
end
