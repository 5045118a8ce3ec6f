-- Payloads and messages. Called with (kit) -> payload module; gives kit.payload and kit.message.

local type, rawget, metatable_of = type, rawget, debug.getmetatable

local FORMATS <const> = {
  JSON = "json/plain", YAML = "yaml/plain", STRING = "text/plain", BYTES = "application/octet-stream",
  MSGPACK = "application/msgpack", LUA = "lua/any", GOLANG = "golang/any", ERROR = "golang/error",
}

return function(kit)
  local DATA = kit.DATA

  -- What a payload holds: `data` in its format, and the `value` that it means.
  local Payload = kit.class("Payload", {})
  local function made(data, form, value) return kit.object(Payload, {data = data, form = form, value = value}) end
  local function payload(value) return made(value, kit.failure_of(value) and FORMATS.ERROR or FORMATS.LUA, value) end
  kit.payload = payload

  -- The value that a payload means, when it goes to another process; false for anything else.
  function kit.payload_value(object)
    if metatable_of(object) ~= Payload then return false end
    return true, rawget(object, DATA).value
  end

  local function failed(why)
    return kit.make_error({message = "payload:transcode: " .. why, kind = "Internal", retryable = false})
  end

  local function refused(form, value)
    return nil, failed("a " .. kit.type(value) .. " has no form as " .. form)
  end

  local function text_of(value, form)
    local kind = type(value)
    if kind == "string" then return value end
    if kind ~= "number" and kind ~= "boolean" or form == FORMATS.BYTES then return refused(form, value) end
    return kit.tostring(value)
  end

  local writers = {
    [FORMATS.JSON] = function(value) return kit.json.encode(value) end,
    [FORMATS.YAML] = function(value) return kit.pure("yaml.encode", value) end,
    [FORMATS.MSGPACK] = function(value) return kit.pure("msgpack.encode", value) end,
    [FORMATS.STRING] = text_of,
    [FORMATS.BYTES] = text_of,
    [FORMATS.LUA] = function(value) return value end,
    [FORMATS.GOLANG] = function(value) return value end,
    [FORMATS.ERROR] = function(value, form)
      if kit.failure_of(value) then return value end
      return refused(form, value)
    end,
  }
  local readers = {
    [FORMATS.JSON] = function(data) return kit.json.decode(data) end,
    [FORMATS.YAML] = function(data) return kit.pure("yaml.decode", data) end,
    [FORMATS.MSGPACK] = function(data) return kit.pure("msgpack.decode", data) end,
  }

  kit.methods(Payload, {
    data = function(held) return held.data end,
    get_format = function(held) return held.form end,
    unmarshal = function(held)
      local read = readers[held.form]
      if read then return read(held.data) end
      return held.data
    end,
    transcode = function(held, form)
      local write = writers[form]
      if not write then
        return nil, failed("expected one of payload.format, got " .. kit.tostring(form))
      end
      local data, err = write(held.value, form)
      if err then return nil, err end
      return made(data, form, held.value)
    end,
  })

  local messages = {}
  local Message = kit.class("Message", messages)
  kit.methods(Message, {
    topic = function(parts) return parts.topic end,
    ["from"] = function(parts) return parts.from end,
    payload = function(parts)
      if parts.n == 0 then return nil end
      if parts.n == 1 then return payload(parts.value) end
      local list = {}
      for i = 1, parts.n do list[i] = payload(parts.values[i]) end
      return list
    end,
  })
  -- An unknown field is that of the only payload.
  Message.__index = function(self, name)
    local method = messages[name]
    if method then return method end
    local parts = rawget(self, DATA)
    local only = parts.n == 1 and parts.value
    if type(only) ~= "table" or type(name) ~= "string" then return nil end
    return only[name]
  end
  Message.__tostring = function(self) return "process.Message{topic=" .. rawget(self, DATA).topic .. "}" end

  -- `data` by its `form`: true, the only payload, a scalar; 2, the only one, a map that was handed over; false, the CBOR of
  -- all.
  function kit.message(topic, from, form, data)
    if form == 2 then kit.took(data) end
    if form then return kit.object(Message, {topic = topic, from = from, n = 1, value = data}) end
    local values = kit.decode(data)
    local n = kit.lengths[values] or #values
    return kit.object(Message, {topic = topic, from = from, n = n, value = values[1], values = n > 1 and values or nil})
  end

  return {
    new = payload,
    format = FORMATS,
    array = function(list)
      if type(list) ~= "table" or kit.class_of(list) or kit.frozen[list] then
        kit.error("payload.array: expected a table, got " .. kit.type(list))
      end
      return kit.as_array(list)
    end,
  }
end
