-- The `json` module. Called with (kit) -> module.

local type, next, rawlen, tonumber = type, next, rawlen, tonumber
local math_type, huge = math.type, math.huge
local format, sub, byte, find, gsub, char = string.format, string.sub, string.byte, string.find, string.gsub, string.char
local match, rep = string.match, string.rep
local sort, concat = table.sort, table.concat
local utf8_char = utf8.char
local error, pcall = error, pcall

local MAX_DEPTH <const> = 128
local ESCAPES <const> = {
  ['"'] = '\\"', ["\\"] = "\\\\", ["\b"] = "\\b", ["\f"] = "\\f", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t",
}
local UNESCAPES <const> = {b = "\b", f = "\f", n = "\n", r = "\r", t = "\t", ['"'] = '"', ["\\"] = "\\", ["/"] = "/"}

return function(kit)
  local lengths, make_error = kit.lengths, kit.make_error
  local json = {}

  local function quoted(s)
    s = kit.clean(s)
    if #s > 4096 then kit.spend(#s >> 2) end
    return '"' .. gsub(s, '[%c"\\]', function(c) return ESCAPES[c] or format("\\u%04x", byte(c)) end) .. '"'
  end

  local function shortest(v)
    for digits = 15, 16 do
      local text = format("%." .. digits .. "g", v)
      if tonumber(text) == v then return text end
    end
    return format("%.17g", v)
  end

  -- A float as Go writes it: the shortest text that reads back as the same, with an exponent below 1e-6 and from 1e21.
  local function number(v)
    if math_type(v) == "integer" then return format("%d", v) end
    if v ~= v or v == huge or v == -huge then return "null" end
    if v % 1 == 0 and v < 1e21 and v > -1e21 then return format("%.0f", v) end
    local text = shortest(v)
    local sign, whole, fraction, exponent = match(text, "^(-?)(%d)%.?(%d*)e([+-]%d+)$")
    if not sign then return text end
    exponent = tonumber(exponent)
    if exponent >= -6 and exponent < 0 then return sign .. "0." .. rep("0", -exponent - 1) .. whole .. fraction end
    return (gsub(text, "e([+-])0", "e%1"))
  end

  local encode

  local function array(v, n, depth)
    local out = {}
    for i = 1, n do out[i] = encode(v[i], depth + 1) end
    return "[" .. concat(out, ",") .. "]"
  end

  local function object(v, depth)
    local keys, n = {}, 0
    for key in next, v do
      if type(key) ~= "string" then error({"mixed or sparse keys cannot be encoded"}, 0) end
      n = n + 1
      keys[n] = key
    end
    sort(keys)
    for i = 1, n do keys[i] = quoted(keys[i]) .. ":" .. encode(v[keys[i]], depth + 1) end
    return "{" .. concat(keys, ",") .. "}"
  end

  function encode(v, depth)
    local kind = type(v)
    if kind == "string" then return quoted(v) end
    if kind == "number" then return number(v) end
    if kind == "boolean" then return v and "true" or "false" end
    if kind == "nil" then return "null" end
    if kind ~= "table" or kit.class_of(v) then
      local message = kit.message_of(v)
      if message then return quoted(message) end
      error({"cannot encode a value of type " .. kit.type(v)}, 0)
    end
    if depth > MAX_DEPTH then error({"nesting deeper than " .. MAX_DEPTH}, 0) end
    v = kit.frozen[v] or v
    if next(v) == nil then return "[]" end
    local n = rawlen(v)
    if lengths[v] and lengths[v] >= n then return array(v, lengths[v], depth) end
    if n > 0 then
      local count = 0
      for _ in next, v do count = count + 1 end
      if count == n then return array(v, n, depth) end
    end
    return object(v, depth)
  end

  local decode

  local function skip(s, at) return find(s, "[^ \t\r\n]", at) or #s + 1 end

  local function fail(at, what) error({"invalid JSON at byte " .. at .. ": " .. what}, 0) end

  local function unicode(s, at)
    local code = tonumber(sub(s, at, at + 3), 16)
    if not code then fail(at, "bad \\u escape") end
    if code >= 0xd800 and code < 0xdc00 and sub(s, at + 4, at + 5) == "\\u" then
      local low = tonumber(sub(s, at + 6, at + 9), 16)
      if low and low >= 0xdc00 and low < 0xe000 then
        return utf8_char(0x10000 + (code - 0xd800) * 0x400 + low - 0xdc00), at + 10
      end
    end
    return utf8_char(code), at + 4
  end

  local function text(s, at)
    local out, n = {}, 0
    while true do
      local stop = find(s, '["\\]', at)
      if not stop then fail(at, "unfinished string") end
      n = n + 1
      out[n] = sub(s, at, stop - 1)
      if byte(s, stop) == 34 then return concat(out), stop + 1 end
      local escape = sub(s, stop + 1, stop + 1)
      n = n + 1
      if escape == "u" then out[n], at = unicode(s, stop + 2)
      else
        out[n] = UNESCAPES[escape] or fail(stop, "bad escape")
        at = stop + 2
      end
    end
  end

  local function members(s, at, close, one)
    at = skip(s, at)
    if sub(s, at, at) == close then return at + 1 end
    while true do
      at = skip(s, one(at))
      local mark = sub(s, at, at)
      if mark == close then return at + 1 end
      if mark ~= "," then fail(at, "expected , or " .. close) end
      at = skip(s, at + 1)
    end
  end

  local function list(s, at, depth)
    local out, n = {}, 0
    at = members(s, at, "]", function(place)
      n = n + 1
      out[n], place = decode(s, place, depth + 1)
      return place
    end)
    if n ~= rawlen(out) or n == 0 then lengths[out] = n end
    return out, at
  end

  local function map(s, at, depth)
    local out = {}
    at = members(s, at, "}", function(place)
      if sub(s, place, place) ~= '"' then fail(place, "expected a key") end
      local key
      key, place = text(s, place + 1)
      place = skip(s, place)
      if sub(s, place, place) ~= ":" then fail(place, "expected :") end
      out[key], place = decode(s, place + 1, depth + 1)
      return place
    end)
    return out, at
  end

  function decode(s, at, depth)
    if depth > MAX_DEPTH then fail(at, "nesting deeper than " .. MAX_DEPTH) end
    at = skip(s, at)
    local first = sub(s, at, at)
    if first == '"' then return text(s, at + 1) end
    if first == "{" then return map(s, at + 1, depth) end
    if first == "[" then return list(s, at + 1, depth) end
    if sub(s, at, at + 3) == "true" then return true, at + 4 end
    if sub(s, at, at + 4) == "false" then return false, at + 5 end
    if sub(s, at, at + 3) == "null" then return nil, at + 4 end
    local _, stop = find(s, "^-?%d+%.?%d*[eE]?[-+]?%d*", at)
    local written = stop and sub(s, at, stop)
    local value = written and not find(written, "^-?0%d") and not find(written, "%.%f[%D]") and tonumber(written)
    if not value then fail(at, "unexpected " .. (first == "" and "end" or first)) end
    return value, stop + 1
  end

  local function problem(err, kind)
    if type(err) ~= "table" or kit.class_of(err) then error(err, 0) end
    return make_error({message = "json: " .. err[1], kind = kind, retryable = false})
  end

  function json.encode(v)
    local ok, result = pcall(encode, v, 0)
    kit.checked(ok, result)
    if ok then return result end
    return nil, problem(result, "Internal")
  end

  function json.decode(s)
    if type(s) ~= "string" or s == "" then return nil, kit.invalid("json.decode: expected non-empty text") end
    local ok, value, at = pcall(decode, s, 1, 0)
    kit.checked(ok, value)
    if not ok then return nil, problem(value, "Internal") end
    if skip(s, at) <= #s then return nil, make_error({message = "json: trailing text at byte " .. at, kind = "Internal", retryable = false}) end
    return value
  end

  -- Both are given to the validator as text: a table is encoded first, a text is a schema as it stands.
  local function validated(schema, data, loose_data)
    local text, err = schema, nil
    if type(schema) ~= "string" then
      text, err = json.encode(schema)
      if not text then return false, err end
    end
    local ok
    ok, err = kit.pure("schema.validate", text, data, type(schema) ~= "string", loose_data)
    return ok or false, err
  end

  function json.validate(schema, data)
    local text, err = json.encode(data)
    if not text then return false, err end
    return validated(schema, text, true)
  end

  function json.validate_string(schema, text)
    if type(text) ~= "string" then
      return false, kit.invalid("json.validate_string: expected JSON text, got " .. kit.type(text))
    end
    return validated(schema, text, false)
  end

  kit.json = json
  return json
end
