-- The string library: an error passes for its message, patterns are bounded, addresses do not show, work is charged.
-- Called with (kit, patterns, limits) -> string library; also makes it the one of all strings' methods.

local type, tonumber, next, error = type, tonumber, next, error
local string, pack, unpack = string, table.pack, table.unpack
local byte, char, lower, upper, len, reverse = string.byte, string.char, string.lower, string.upper, string.len,
  string.reverse
local sub, rep, format, find, gsub = string.sub, string.rep, string.format, string.find, string.gsub
local string_pack, string_unpack, packsize = string.pack, string.unpack, string.packsize
local utf8_len, getmetatable, pcall = utf8.len, getmetatable, pcall
local math_type, tointeger, modf = math.type, math.tointeger, math.modf

local MAX_STRING <const> = 64 * 1024 * 1024
local SMALL <const> = 4096 -- bytes that cost no more than a call

return function(kit, patterns, limits)
  local strings, checked = {}, kit.checked

  -- What a string function takes for `value`; long strings are charged.
  local function text(value)
    if type(value) == "table" then return kit.message_of(value) or value end
    if type(value) == "string" and #value > SMALL then kit.spend(#value >> 4) end
    if math_type(value) == "float" then return kit.tostring(value) end
    return value
  end
  kit.text_of = text

  function strings.byte(s, ...) return byte(text(s), ...) end
  function strings.char(...) return char(...) end
  function strings.lower(s) return lower(text(s)) end
  function strings.upper(s) return upper(text(s)) end
  function strings.len(s) return len(text(s)) end
  function strings.reverse(s) return reverse(text(s)) end
  function strings.sub(s, ...) return sub(text(s), ...) end
  function strings.packsize(...) return packsize(...) end
  function strings.unpack(layout, s, ...) return string_unpack(layout, text(s), ...) end

  function strings.pack(layout, ...)
    if type(layout) == "string" and find(layout, "%d%d%d%d%d%d%d%d") then
      error("bad argument #1 to 'pack' (item too large)", 2)
    end
    return string_pack(layout, ...)
  end

  function strings.rep(s, n, separator)
    s = text(s)
    if type(s) == "number" then s = kit.tostring(s) end
    local count, between = tonumber(n), separator == nil and "" or separator
    if type(s) ~= "string" or not count or type(between) ~= "string" then return rep(s, n, separator) end
    local size = #s + #between
    if size == 0 then return "" end
    if count > 0 and count * size > MAX_STRING then
      kit.die("string.rep would make more than " .. (MAX_STRING >> 20) .. " MiB")
    end
    if count > SMALL then kit.spend((count * size >> 4) + count // 4) end
    return rep(s, n, separator)
  end

  local PLAIN <const> = {string = true, number = true, boolean = true, ["nil"] = true}

  -- ---- format: as Lua's, but %d and its like cut fractions off, %v is %s, %t is a boolean, and %q quotes as Go does -

  local ESCAPES <const> = {
    ["\a"] = "\\a", ["\b"] = "\\b", ["\f"] = "\\f", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t", ["\v"] = "\\v",
    ["\\"] = "\\\\", ['"'] = '\\"',
  }
  local function escaped(c) return ESCAPES[c] or format("\\x%02x", byte(c)) end
  local function quoted(s)
    return '"' .. gsub(s, utf8_len(s) and '[%c\\"\x7f]' or '[%c\\"\x7f-\xff]', escaped) .. '"'
  end

  local function cut(value)
    if type(value) == "string" then value = tonumber(value) or value end
    if math_type(value) ~= "float" or value ~= value or value - value ~= 0 then return value end
    return tointeger(modf(value)) or value
  end

  -- What each item becomes for Lua; what is done to its argument before that goes by the item itself.
  local ITEMS <const> = {
    d = "d", i = "d", u = "d", c = "c", o = "o", x = "x", X = "X", s = "s", v = "s", t = "s", q = "s",
  }
  local MAX_KNOWN <const>, MAX_PATTERN <const> = 500, 200
  local known, count = {}, 0 -- patterns -> their items as letters, and the pattern for Lua

  local function items_of(pattern)
    local found = known[pattern]
    if found then return found end
    found = {}
    found.pattern = gsub(pattern, "%%([-+ #0]*%d*%.?%d*)(.?)", function(shape, verb)
      if verb == "%" then return nil end
      if verb == "p" then
        kit.error("bad argument #1 to 'format' (addresses are not available in a script)")
      end
      found[#found + 1] = verb
      return "%" .. shape .. (ITEMS[verb] or verb)
    end)
    if #pattern > MAX_PATTERN then return found end
    if count >= MAX_KNOWN then known, count = {}, 0 end
    known[pattern], count = found, count + 1
    return found
  end

  local function argument(verb, value)
    local kind = type(value)
    if not PLAIN[kind] then return kit.long_message_of(value) or kit.tostring(value) end
    if verb == "q" and kind == "string" then return quoted(value) end
    local native = ITEMS[verb]
    if native == "s" and kind == "number" then return kit.tostring(value) end
    if native and native ~= "s" then return cut(value) end
    return value
  end

  function strings.format(pattern, ...)
    pattern = text(pattern)
    if type(pattern) ~= "string" then return format(pattern, ...) end
    local items, args = items_of(pattern), pack(...)
    for i = 1, args.n do
      if items[i] then args[i] = argument(items[i], args[i]) end
    end
    local ok, result = checked(pcall(format, items.pattern, unpack(args, 1, args.n)))
    if ok then return result end
    kit.error(result)
  end

  local bounded = patterns(string, limits, kit.die)
  for _, name in next, {"find", "match", "gmatch", "gsub"} do
    local f = bounded[name]
    strings[name] = function(s, pattern, ...)
      if type(s) == "table" then s = text(s) end
      if type(pattern) == "table" then pattern = text(pattern) end
      return f(s, pattern, ...)
    end
  end
  local gsub_with = strings.gsub
  function strings.gsub(s, pattern, replacement, ...)
    if type(replacement) == "table" then replacement = kit.message_of(replacement) or replacement end
    return gsub_with(s, pattern, replacement, ...)
  end
  strings.gfind, kit.find = strings.gmatch, strings.find
  for _, name in next, {"find", "match", "gmatch", "gsub", "sub", "lower", "upper", "len", "rep", "byte", "reverse"} do
    kit.error_methods[name] = strings[name] -- err:find("…"), as if it was its message
  end

  -- Text that may leave the process: what is not UTF-8 becomes U+FFFD.
  function kit.clean(s)
    if utf8_len(s) then return s end
    local parts, at = {}, 1
    while at <= #s do
      local _, bad = utf8_len(s, at)
      parts[#parts + 1] = sub(s, at, (bad or #s + 1) - 1)
      if not bad then break end
      parts[#parts + 1] = "\xef\xbf\xbd"
      at = bad + 1
    end
    return kit.concat(parts)
  end
  kit.is_text = function(s) return type(s) == "string" and utf8_len(s) ~= nil end

  getmetatable("").__index = strings
  getmetatable("").__metatable = false
  return strings
end
