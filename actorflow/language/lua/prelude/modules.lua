-- Small modules: ctx, logger, workflow, uuid. Called with (kit, sys, core) -> modules; needs what funcs.lua gives.

local type, select, next, tonumber, pcall, getinfo = type, select, next, tonumber, pcall, debug.getinfo
local byte, sub, format, char, gsub, find, pack = string.byte, string.sub, string.format, string.char, string.gsub, string.find, string.pack

return function(kit, sys, core)
  local modules, invalid = {}, kit.invalid

  modules.ctx = {
    get = function(key)
      if type(key) ~= "string" or key == "" then return nil, invalid("ctx.get: expected a non-empty key, got " .. kit.tostring(key)) end
      local value = kit.identity().context[key]
      if type(value) == "table" then value = kit.fresh_identity().context[key] end -- see `all`
      if value ~= nil and sub(key, 1, 1) ~= "@" then return value end
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
    ["with"] = function(fields, more) return logger(kit.merged(fields, more, "logger:with")) end,
    named = function(fields, name) 
      if not kit.is_text(name) or name == "" then kit.error("logger:named: expected a non-empty text, got " .. kit.tostring(name)) end
      local whole = fields.logger and fields.logger .. "." .. name or name
      return logger(kit.merged(fields, {logger = whole}, "logger:named"))
    end,
  }
  for _, level in next, {"debug", "info", "warn", "error"} do
    bodies[level] = function(fields, text, more)
      local all = kit.merged({location = place()}, fields, "logger:" .. level)
      if more ~= nil then all = kit.merged(all, more, "logger:" .. level) end
      core.note(level, kit.tostring(text), encoded(all))
    end
  end
  kit.methods(Logger, bodies)
  kit.make_logger = function() return logger({}) end

  modules.workflow = {
    info = function()
      local who = kit.fresh_identity()
      if not who.durable then return nil end
      return who.workflow
    end,
    history_length = function() return kit.fresh_identity().workflow.history_length or 0 end,
    history_size = function() return kit.fresh_identity().workflow.history_size or 0 end,
    exec = function(id, ...)
      if not kit.identity().durable then
        return nil, invalid("workflow.exec works inside a workflow only; use process.exec")
      end
      local refused = kit.wants_text(id, "workflow.exec", "an entry id")
      if refused then return nil, refused end
      local args, problem = kit.encode_list(select("#", ...), "args", ...)
      if not args then return nil, problem end
      return kit.try(sys(32, kit.encode({entry = id, host = "", monitor = false, link = false}), args))
    end,
  }

  local function hex(bytes) return (gsub(bytes, ".", function(c) return format("%02x", byte(c)) end)) end
  local function dashed(bytes)
    local text = hex(bytes)
    return sub(text, 1, 8) .. "-" .. sub(text, 9, 12) .. "-" .. sub(text, 13, 16) .. "-" .. sub(text, 17, 20) .. "-" .. sub(text, 21)
  end
  local function stamped(bytes, version)
    return sub(bytes, 1, 6) .. char(version << 4 | byte(bytes, 7) & 0x0f) .. sub(bytes, 8, 8)
      .. char(0x80 | byte(bytes, 9) & 0x3f) .. sub(bytes, 10, 16)
  end
  local UUID <const> = "^%x%x%x%x%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%x%x%x%x%x%x%x%x$"
  local function is_uuid(text) return type(text) == "string" and #text == 36 and find(text, UUID) ~= nil end

  -- A UUID that is the digest of a name in a namespace.
  local function named(version, algorithm)
    return function(space, name)
      if not is_uuid(space) or type(name) ~= "string" then
        return nil, invalid("uuid.v" .. version .. ": expected a namespace UUID and a name, got " .. kit.tostring(space))
      end
      kit.spend(#name)
      local bytes = gsub(gsub(space, "-", ""), "%x%x", function(digits) return char(tonumber(digits, 16)) end)
      return dashed(stamped(sub(core.digest(algorithm, bytes .. name), 1, 16), version))
    end
  end

  modules.uuid = {
    v3 = named(3, "md5"),
    v5 = named(5, "sha1"),
    v4 = function() return dashed(stamped(core.draw("uuid4", 16), 4)) end,
    v7 = function()
      local milliseconds = core.now() // 1000000
      return dashed(stamped(sub(pack(">I8", milliseconds), 3) .. core.draw("uuid7", 10), 7))
    end,
    validate = is_uuid,
    version = function(text)
      if not is_uuid(text) then return nil, invalid("uuid.version: not a UUID: " .. kit.tostring(text)) end
      return tonumber(sub(text, 15, 15), 16)
    end,
  }
  return modules
end
