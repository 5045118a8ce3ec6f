-- The Lua twin of actorflow/codec.py: deterministic CBOR. Held equal to it by tests/vectors/cbor.json.
--
-- Returns function(hooks) -> encode(value, path), decode(data). `hooks` are: is_failure(v) -> fields or nil,
-- make_failure(message, kind, retryable, details, stack), is_object(v), dropped(path), refuse(path, got, expected).

local type, pairs, next, rawlen, select = type, pairs, next, rawlen, select
local math_type, huge = math.type, math.huge
local char, byte, sub, pack, unpack = string.char, string.byte, string.sub, string.pack, string.unpack
local sort, concat = table.sort, table.concat
local utf8_len = utf8.len
local setmetatable = setmetatable
local error = error

local MAX_DEPTH <const> = 64

return function(hooks)
  -- Arrays that Lua alone could not tell from maps: empty ones, and those with holes. Weak, so that they cost nothing.
  local lengths = setmetatable({}, {__mode = "k"})

  local function head(major, n)
    major = major << 5
    if n < 24 then return char(major | n) end
    if n < 0x100 then return pack(">BB", major | 24, n) end
    if n < 0x10000 then return pack(">BI2", major | 25, n) end
    if n < 0x100000000 then return pack(">BI4", major | 26, n) end
    return pack(">BI8", major | 27, n)
  end

  local function text(s)
    return head(utf8_len(s) and 3 or 2, #s) .. s
  end

  local function number(v)
    if math_type(v) == "integer" then
      if v >= 0 then return head(0, v) end
      return head(1, -1 - v)
    end
    if v ~= v then return "\xf9\x7e\x00" end
    if v == huge then return "\xf9\x7c\x00" end
    if v == -huge then return "\xf9\xfc\x00" end
    return pack(">Bd", 0xfb, v)
  end

  local function before(a, b)
    local ta, tb = type(a), type(b)
    if ta ~= tb then return ta == "number" end
    if ta == "string" then
      if #a ~= #b then return #a < #b end
      return a < b
    end
    if (a < 0) ~= (b < 0) then return b < 0 end
    if a < 0 then return a > b end
    return a < b
  end

  local encode

  local function array(v, n, path, depth, open, out)
    out[#out + 1] = head(4, n)
    for i = 1, n do encode(v[i], path .. "[" .. i .. "]", depth + 1, open, out) end
  end

  local function map(v, path, depth, open, out)
    local keys, n = {}, 0
    for k in next, v do
      local kind = type(k)
      if kind == "number" and math_type(k) ~= "integer" or kind ~= "number" and kind ~= "string" then
        hooks.refuse(path, "a map key of type " .. (kind == "number" and "float" or kind), "text or integer keys")
      end
      if kind == "string" and not utf8_len(k) then hooks.refuse(path, "a map key of bytes", "text or integer keys") end
      n = n + 1
      keys[n] = k
    end
    sort(keys, before)
    out[#out + 1] = head(5, n)
    for i = 1, n do
      local k = keys[i]
      out[#out + 1] = type(k) == "string" and text(k) or number(k)
      encode(v[k], path .. "." .. k, depth + 1, open, out)
    end
  end

  local function is_sequence(v)
    local n = rawlen(v)
    if n == 0 then return false end
    local count = 0
    for _ in next, v do count = count + 1 end
    return count == n
  end

  local function container(v, path, depth, open, out)
    if open[v] then hooks.refuse(path, "a cycle", "a value that does not contain itself") end
    if depth >= MAX_DEPTH then hooks.refuse(path, "nesting deeper than " .. MAX_DEPTH, "a flatter value") end
    open[v] = true
    local n = lengths[v]
    if n and next(v) == nil then
      array(v, 0, path, depth, open, out)
    elseif n and rawlen(v) <= n and n > 0 then
      array(v, n, path, depth, open, out)
    elseif is_sequence(v) then
      array(v, rawlen(v), path, depth, open, out)
    else
      map(v, path, depth, open, out)
    end
    open[v] = nil
  end

  function encode(v, path, depth, open, out)
    local kind = type(v)
    if kind == "string" then out[#out + 1] = text(v)
    elseif kind == "number" then out[#out + 1] = number(v)
    elseif kind == "boolean" then out[#out + 1] = v and "\xf5" or "\xf4"
    elseif kind == "nil" then out[#out + 1] = "\xf6"
    elseif kind == "table" then
      local failure = hooks.is_failure(v)
      if failure then
        out[#out + 1] = "\xd8\x1b\x86" .. text("actorflow.error") .. text(failure.message)
          .. text(failure.kind == "" and "Internal" or failure.kind)
        encode(failure.retryable, path, depth, open, out)
        encode(failure.details, path .. ".details", depth + 1, open, out)
        out[#out + 1] = text(failure.stack or "")
      elseif hooks.is_object(v) then
        hooks.dropped(path)
        out[#out + 1] = "\xf6"
      else
        container(v, path, depth, open, out)
      end
    elseif kind == "function" then
      hooks.refuse(path, "a function", "data; send the id of a registered function instead")
    else
      hooks.dropped(path)
      out[#out + 1] = "\xf6"
    end
  end

  local function encode_value(v, path)
    local kind = type(v)
    if kind == "string" then return text(v) end
    if kind == "number" then return number(v) end
    local out = {}
    encode(v, path or "value", 0, {}, out)
    return concat(out)
  end

  local function encode_list(n, path, ...)
    local out = {head(4, n)}
    for i = 1, n do encode((select(i, ...)), path .. "[" .. i .. "]", 1, {}, out) end
    return concat(out)
  end

  local decode

  local function argument(data, at, low)
    if low < 24 then return low, at end
    if low == 24 then return byte(data, at), at + 1 end
    if low == 25 then return unpack(">I2", data, at) end
    if low == 26 then return unpack(">I4", data, at) end
    return unpack(">i8", data, at)
  end

  local function half(n)
    if n == 0x7c00 then return huge end
    if n == 0xfc00 then return -huge end
    return 0.0 / 0.0
  end

  local function decode_list(data, at, n)
    local list, holes = {}, n == 0
    for i = 1, n do
      local item
      item, at = decode(data, at)
      list[i] = item
      if item == nil then holes = true end
    end
    if holes then lengths[list] = n end
    return list, at
  end

  local function decode_map(data, at, n)
    local map_ = {}
    for _ = 1, n do
      local k, v
      k, at = decode(data, at)
      v, at = decode(data, at)
      map_[k] = v
    end
    return map_, at
  end

  local function decode_special(data, at, first)
    if first == 0xf4 then return false, at end
    if first == 0xf5 then return true, at end
    if first == 0xf6 then return nil, at end
    if first == 0xfb then return unpack(">d", data, at) end
    if first == 0xfa then return unpack(">f", data, at) end
    if first == 0xf9 then return half((unpack(">I2", data, at))), at + 2 end
    error("unknown CBOR item " .. first, 0)
  end

  local function decode_failure(data, at)
    local parts
    parts, at = decode(data, at)
    return hooks.make_failure(parts[2], parts[3], parts[4], parts[5], parts[6]), at
  end

  function decode(data, at)
    local first = byte(data, at)
    local major, n = first >> 5, nil
    if major == 7 then return decode_special(data, at + 1, first) end
    n, at = argument(data, at + 1, first & 31)
    if major == 0 then return n, at end
    if major == 1 then return -1 - n, at end
    if major == 2 or major == 3 then return sub(data, at, at + n - 1), at + n end
    if major == 4 then return decode_list(data, at, n) end
    if major == 5 then return decode_map(data, at, n) end
    return decode_failure(data, at)
  end

  local function as_array(list, n)
    lengths[list] = n or rawlen(list)
    return list
  end

  local function decode_value(data)
    return (decode(data, 1))
  end

  return encode_value, decode_value, encode_list, as_array, lengths
end
