-- The Lua twin of actorflow/codec.py: deterministic CBOR. Held equal to it by tests/vectors/cbor.json.
--
-- Called with (kit), gives kit encode(value, name), encode_list(n, name, …), decode(data), as_array(list), lengths.
-- `name` is what the value is called in refusals. kit.dropped(path) is told of objects that cannot leave the process.

local type, next, rawlen, rawget, setmetatable, error, pcall = type, next, rawlen, rawget, setmetatable, error, pcall
local math_type, huge = math.type, math.huge
local char, byte, sub, pack, unpack = string.char, string.byte, string.sub, string.pack, string.unpack
local sort, concat, pack_list = table.sort, table.concat, table.pack
local utf8_len = utf8.len

local MAX_DEPTH <const> = 64
local MAX_DECODED <const> = 2 * MAX_DEPTH + 4 -- a failure is two levels of ours and up to four of CBOR's
local FEW <const> = 16 -- keys that are sorted by insertion
local EMPTY <const>, EMPTY_MAP <const> = "\x80", "\xa0"
local TAG <const> = "\xd8\x1b\x86\x6factorflow.error"

return function(kit)
  local failure_of, class_of = kit.failure_of, kit.class_of
  -- Arrays that Lua alone could not tell from maps: empty ones, and those with holes. Weak, so that they cost nothing.
  local lengths = setmetatable({}, {__mode = "k"})
  local root, root_index = "value", nil -- what the value that is being encoded is called
  local trail, holders = {}, {} -- where in it we are: the key at each depth, and what has that key

  -- ---- refusals ------------------------------------------------------------------------------------------------------

  local function path(depth)
    local parts = {root .. (root_index and "[" .. root_index .. "]" or "")}
    for i = 1, depth do
      local key = trail[i]
      parts[i + 1] = type(key) == "string" and "." .. kit.clean(key) or "[" .. key .. "]"
    end
    return concat(parts)
  end

  local function refuse(depth, got, expected)
    kit.error(kit.invalid(path(depth) .. ": got " .. got .. ", expected " .. expected))
  end

  local function too_deep(v, depth)
    for i = 1, depth do
      if holders[i] == v then refuse(depth, "a cycle", "a value that does not contain itself") end
    end
    refuse(depth, "nesting deeper than " .. MAX_DEPTH, "a flatter value")
  end

  local function unsendable(v, depth)
    local kind = type(v)
    if kind == "function" then refuse(depth, "a function", "data; send the id of a registered function instead") end
    if kind == "thread" then refuse(depth, "a coroutine", "data") end
    kit.dropped(path(depth))
    return "\xf6"
  end

  -- ---- encoding ------------------------------------------------------------------------------------------------------

  local out, size -- the pieces written so far, and their number; nothing of a script runs while they grow

  local function head(major, n)
    major = major << 5
    if n < 24 then return char(major | n) end
    if n < 0x100 then return pack(">BB", major | 24, n) end
    if n < 0x10000 then return pack(">BI2", major | 25, n) end
    if n < 0x100000000 then return pack(">BI4", major | 26, n) end
    return pack(">BI8", major | 27, n)
  end

  local INTEGERS, BYTES, TEXTS, LISTS, MAPS = {}, {}, {}, {}, {} -- heads of one byte, by number
  for n = 0, 23 do
    INTEGERS[n], BYTES[n], TEXTS[n], LISTS[n], MAPS[n] = head(0, n), head(2, n), head(3, n), head(4, n), head(5, n)
  end

  local function put_text(s)
    local n, is_text = #s, utf8_len(s)
    out[size + 1] = (is_text and TEXTS or BYTES)[n] or head(is_text and 3 or 2, n)
    size = size + 2
    out[size] = s
  end

  local function text(s)
    local n, is_text = #s, utf8_len(s)
    return ((is_text and TEXTS or BYTES)[n] or head(is_text and 3 or 2, n)) .. s
  end

  local function number(v)
    if math_type(v) == "integer" then
      if v >= 0 then return INTEGERS[v] or head(0, v) end
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

  -- Sorts a few keys that are all text.
  local function insertion_sort(keys, n)
    for i = 2, n do
      local key, j = keys[i], i - 1
      local length = #key
      while j > 0 do
        local other = keys[j]
        if #other < length or #other == length and other < key then break end
        keys[j + 1] = other
        j = j - 1
      end
      keys[j + 1] = key
    end
  end

  local encode

  -- Writes what may be an array; false if it has a hole and did not come in as an array.
  local function array(v, n, depth, holes_too)
    local begun = size
    size = size + 1
    out[size] = LISTS[n] or head(4, n)
    for i = 1, n do
      local item = rawget(v, i)
      if item == nil and not holes_too then
        size = begun
        return false
      end
      trail[depth] = i
      encode(item, depth)
    end
    return true
  end

  local function map(v, depth)
    local keys, n, all_text = {}, 0, true
    for k in next, v do
      if type(k) ~= "string" then
        if math_type(k) ~= "integer" then
          refuse(depth - 1, "a map key of type " .. (type(k) == "number" and "float" or kit.type(k)), "text or integer keys")
        end
        all_text = false
      elseif not utf8_len(k) then
        refuse(depth - 1, "a map key of bytes", "text or integer keys")
      end
      n = n + 1
      keys[n] = k
    end
    if all_text and n <= FEW then insertion_sort(keys, n) else sort(keys, before) end
    size = size + 1
    out[size] = MAPS[n] or head(5, n)
    for i = 1, n do
      local k = keys[i]
      size = size + 1
      out[size] = type(k) == "string" and text(k) or number(k)
      trail[depth] = k
      encode(rawget(v, k), depth)
    end
  end

  -- An array has all its keys in 1..n, and no hole unless it came in as an array.
  local function list_or_map(v, depth)
    local n, known = rawlen(v), lengths[v]
    if n > 0 or known then
      local count = 0
      if known then
        if known > n then n = known end
        for k in next, v do
          if math_type(k) ~= "integer" or k < 1 or k > n then count = n + 1 end
        end
      else
        for _ in next, v do count = count + 1 end
      end
      if (known and count == 0 or count == n) and array(v, known and known < n and rawlen(v) or n, depth, known) then return end
    end
    map(v, depth)
  end

  local function container(v, depth)
    if depth > MAX_DEPTH then too_deep(v, depth - 1) end
    holders[depth] = v
    list_or_map(kit.frozen[v] or v, depth)
    holders[depth] = false
  end

  local function failure(fields, depth)
    local kind = fields.kind
    size = size + 1
    out[size] = TAG .. text(kit.clean(fields.message)) .. text(kind == "" and "Internal" or kit.clean(kind))
    encode(fields.retryable, depth)
    if fields.details == nil then
      size = size + 1
      out[size] = "\xf6"
    else
      depth = depth + 1
      trail[depth - 1] = "details"
      if depth > MAX_DEPTH then too_deep(fields.details, depth - 1) end
      holders[depth] = fields.details
      map(fields.details, depth)
      holders[depth] = false
    end
    put_text(kit.clean(fields.stack or ""))
  end

  function encode(v, depth)
    local kind = type(v)
    if kind == "string" then return put_text(v) end
    if kind == "table" then
      if not class_of(v) then return container(v, depth + 1) end
      local fields = failure_of(v)
      if fields then return failure(fields, depth + 1) end
      local is_payload, value = kit.payload_value(v)
      if is_payload then return encode(value, depth) end
    end
    size = size + 1
    if kind == "number" then out[size] = number(v)
    elseif kind == "boolean" then out[size] = v and "\xf5" or "\xf4"
    elseif kind == "nil" then out[size] = "\xf6"
    else out[size] = unsendable(v, depth) end
  end

  function kit.encode(v, name)
    local kind = type(v)
    if kind == "string" then return text(v) end
    if kind == "number" then return number(v) end
    if kind == "nil" then return "\xf6" end
    out, size = {}, 0
    root, root_index = name or "value", nil
    encode(v, 0)
    return concat(out, "", 1, size)
  end

  -- The same for what must be a map, even if it is empty or its keys are 1..n.
  function kit.encode_map(t, name)
    if next(t) == nil then return EMPTY_MAP end
    out, size = {}, 0
    root, root_index, holders[1] = name, nil, t
    map(t, 1)
    holders[1] = false
    return concat(out, "", 1, size)
  end

  local function encode_values(name, values)
    local n = values.n
    out, size = {LISTS[n] or head(4, n)}, 1
    root = name
    for i = 1, n do
      root_index = i
      encode(values[i], 0)
    end
    return concat(out, "", 1, size)
  end

  -- A list of arguments, or nil and why one of them may not leave the process.
  function kit.encode_list(n, name, ...)
    if n == 0 then return EMPTY end
    local first = ...
    if n == 1 then
      local kind = type(first)
      if kind == "number" then return "\x81" .. number(first) end
      if kind == "string" then return "\x81" .. text(first) end
    end
    local ok, data = pcall(encode_values, name, pack_list(...))
    if ok then return data end
    kit.checked(false, data)
    if not failure_of(data) then error(data, 0) end
    return nil, data
  end

  -- ---- decoding ------------------------------------------------------------------------------------------------------

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

  local function decode_list(data, at, n, depth)
    local list, holes = {}, n == 0
    for i = 1, n do
      local item
      item, at = decode(data, at, depth)
      list[i] = item
      if item == nil then holes = true end
    end
    if holes then lengths[list] = n end
    return list, at
  end

  local function decode_map(data, at, n, depth)
    local made = {}
    for _ = 1, n do
      local first, k = byte(data, at), nil
      if first >= 0x60 and first < 0x78 then -- a short text, as most keys are
        local stop = at + first - 0x60
        k, at = sub(data, at + 1, stop), stop + 1
      else
        k, at = decode(data, at, depth)
      end
      made[k], at = decode(data, at, depth)
    end
    return made, at
  end

  local function decode_special(data, at, first)
    if first == 0xf4 then return false, at end
    if first == 0xf5 then return true, at end
    if first == 0xf6 then return nil, at end
    if first == 0xfb then return unpack(">d", data, at) end
    if first == 0xf9 then return half((unpack(">I2", data, at))), at + 2 end
    error("unknown CBOR item " .. first, 0)
  end

  local function decode_failure(data, at, depth)
    local parts
    parts, at = decode(data, at, depth)
    return kit.make_error({
      message = parts[2], kind = parts[3], retryable = parts[4], details = parts[5], stack = parts[6],
    }), at
  end

  function decode(data, at, depth)
    local first = byte(data, at)
    if first < 24 then return first, at + 1 end
    local major, n = first >> 5, first & 31
    if n < 24 and major == 3 then return sub(data, at + 1, at + n), at + 1 + n end
    if major == 7 then return decode_special(data, at + 1, first) end
    n, at = argument(data, at + 1, n)
    if major == 0 then return n, at end
    if major == 1 then return -1 - n, at end
    if major == 2 or major == 3 then return sub(data, at, at + n - 1), at + n end
    if depth >= MAX_DECODED then error("malformed CBOR: nesting deeper than " .. MAX_DECODED, 0) end
    if major == 4 then return decode_list(data, at, n, depth + 1) end
    if major == 5 then return decode_map(data, at, n, depth + 1) end
    return decode_failure(data, at, depth + 1)
  end

  function kit.decode(data) return (decode(data, 1, 0)) end

  function kit.as_array(list, n)
    lengths[list] = n or rawlen(list)
    return list
  end
  kit.lengths = lengths
end
