-- Payloads and messages. Called with (kit) -> payload module; gives kit.payload and kit.message.

local type, rawget = type, rawget

return function(kit)
  local DATA = kit.DATA

  local Payload = kit.class("Payload", {})
  local function payload(value) return kit.object(Payload, {value}) end
  kit.payload = payload
  kit.methods(Payload, {
    data = function(held) return held[1] end,
    unmarshal = function(held) return held[1] end,
    get_format = function() return "lua/any" end,
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

  -- `data` is the only payload, a scalar, or the CBOR of all.
  function kit.message(topic, from, is_scalar, data)
    if is_scalar then return kit.object(Message, {topic = topic, from = from, n = 1, value = data}) end
    local values = kit.decode(data)
    local n = kit.lengths[values] or #values
    return kit.object(Message, {topic = topic, from = from, n = n, value = values[1], values = n > 1 and values or nil})
  end

  return {
    new = payload,
    format = {
      JSON = "json/plain", YAML = "yaml/plain", STRING = "text/plain", BYTES = "application/octet-stream", LUA = "lua/any",
    },
    array = function(list)
      if type(list) ~= "table" or kit.class_of(list) or kit.frozen[list] then
        kit.error("payload.array: expected a table, got " .. kit.type(list))
      end
      return kit.as_array(list)
    end,
  }
end
