-- Lua patterns that cannot run away.
--
-- Returns function(native, limits, fail, matcher_of, compiler_of) -> {find, match, gmatch, gsub}: the functions of Lua
-- 5.4's string library with the same results and messages. `native` is that library; `limits.steps` bounds the work of one call; `fail(message)`
-- raises and never returns; `matcher_of` is what the chunk pattern_match.lua returns, `compiler_of` that of
-- pattern_program.lua.
--
-- A pattern is compiled once, with an upper bound of the work it may cause on a subject of n bytes. Where the bound is small
-- the native function does the work. Elsewhere the matcher runs: it walks the nodes, counts its steps, and leaves
-- runs of one class to native single-item patterns, which take time linear in what they skip. Malformed patterns always
-- take the matcher, so that a fault is found where C would find it and reported at the caller's line. Functions that
-- replace are called from Lua, so they may yield.

local error, next, select, type, tonumber = error, next, select, type, tonumber
local concat, unpack = table.concat, table.unpack
local math_type, tointeger = math.type, math.tointeger
local getinfo = debug and debug.getinfo

local PLAIN_WORK <const> = 1 << 24 -- bytes compared by one native search for plain text
local SKIP <const> = 4 -- native scanning counts one step per 2^4 bytes
local MAX_CACHED <const> = 500
local MAX_CACHED_SIZE <const> = 256
local HEAD <const> = 32 -- plain searches look for this much of the needle first

return function(native, limits, fail, matcher_of, compiler_of)
  local native_find, native_gmatch, native_gsub = native.find, native.gmatch, native.gsub
  local native_match = native.match
  local byte, sub, format = native.byte, native.sub, native.format

  local matcher = matcher_of(native, limits, fail, compiler_of)
  local begin, scan, captures, result, spend = matcher.begin, matcher.scan, matcher.captures, matcher.result, matcher.spend
  local compile, is_cheap, fault, steps_left = matcher.compile, matcher.is_cheap, matcher.fault, matcher.left
  local UNFINISHED = matcher.UNFINISHED

  local programs, program_count = {}, 0

  local function prepare(pattern)
    local program = compile(pattern)
    if #pattern <= MAX_CACHED_SIZE then
      if program_count >= MAX_CACHED then programs, program_count = {}, 0 end
      programs[pattern], program_count = program, program_count + 1
    end
    return program
  end

  ------------------------------------------------------------------------------------------------ arguments

  -- Reports a wrong argument of a function of the library at the line that called it.
  local function refuse(name, position, problem)
    local call = getinfo and getinfo(3, "n")
    if call and call.namewhat == "method" then position = position - 1 end
    if position == 0 then error(format("calling '%s' on bad self (%s)", name, problem), 4) end
    error(format("bad argument #%d to '%s' (%s)", position, name, problem), 4)
  end

  local function string_of(name, position, value)
    local kind = type(value)
    if kind == "string" then return value end
    if kind ~= "number" then refuse(name, position, "string expected, got " .. kind) end
    return value .. ""
  end

  local function integer_of(name, position, value)
    if value == nil or math_type(value) == "integer" then return value end
    local number = tonumber(value)
    if not number then refuse(name, position, "number expected, got " .. type(value)) end
    local whole = tointeger(number)
    if not whole then refuse(name, position, "number has no integer representation") end
    return whole
  end

  -- The index of the first byte that `init` means.
  local function start_of(init, length)
    if not init or init == 0 or init < -length then return 1 end
    return init > 0 and init or length + init + 1
  end

  ------------------------------------------------------------------------------------------------ the library

  -- Looks for plain text whose native search might take too long: by its head, then by comparing.
  local function search(subject, needle, at)
    begin(subject)
    local width, head = #needle, sub(needle, 1, HEAD)
    while true do
      local first = native_find(subject, head, at, true)
      if not first then return nil end
      spend(1 + (first - at + width >> SKIP))
      local last = first + width - 1
      if sub(subject, first, last) == needle then return first, last end
      at = first + 1
    end
  end

  local PLAIN <const> = {} -- stands for the program of plain text

  local function find(subject, pattern, init, plain)
    if plain and type(pattern) == "string" and type(subject) == "string" and (not init or init == 1 or math_type(init) == "integer") then
      if #subject * #pattern <= PLAIN_WORK then return native_find(subject, pattern, init, true) end
    end
    local program = programs[pattern]
    if not program or type(subject) ~= "string" or init and math_type(init) ~= "integer" then
      subject, pattern = string_of("find", 1, subject), string_of("find", 2, pattern)
      init = integer_of("find", 3, init)
      program = plain and PLAIN or programs[pattern] or prepare(pattern)
    end
    local length = #subject
    if not plain and (length <= program.cheap or is_cheap(program, length)) then return native_find(subject, pattern, init) end
    local at = start_of(init, length)
    if at > length + 1 then return nil end
    if plain or program.literal then return search(subject, pattern, at) end
    begin(subject)
    local first, stop = scan(program, at)
    if not first then return nil end
    if stop == 0 then error(fault(), 2) end
    if next(program.unfinished) then error("unfinished capture", 2) end
    return first, stop - 1, captures(program)
  end

  local function match_once(subject, pattern, init)
    local program = programs[pattern]
    if not program or type(subject) ~= "string" or init and math_type(init) ~= "integer" then
      subject, pattern = string_of("match", 1, subject), string_of("match", 2, pattern)
      init = integer_of("match", 3, init)
      program = programs[pattern] or prepare(pattern)
    end
    local length = #subject
    if length <= program.cheap or is_cheap(program, length) then return native_match(subject, pattern, init) end
    local at = start_of(init, length)
    if at > length + 1 then return nil end
    begin(subject)
    local first, stop = scan(program, at)
    if not first then return nil end
    if stop == 0 then error(fault(), 2) end
    if next(program.unfinished) then error("unfinished capture", 2) end
    return result(program, first, stop)
  end

  local function gmatch(subject, pattern, init)
    subject, pattern = string_of("gmatch", 1, subject), string_of("gmatch", 2, pattern)
    init = integer_of("gmatch", 3, init)
    if byte(pattern, 1) == 94 then pattern = "%" .. pattern end -- no anchor here
    local program = programs[pattern] or prepare(pattern)
    local length = #subject
    if length <= program.cheap or is_cheap(program, length) then return native_gmatch(subject, pattern, init) end
    local at, ended = start_of(init, length), 0
    return function()
      begin(subject)
      while at <= length + 1 do
        local first, stop = scan(program, at)
        if not first then
          at = length + 2
        elseif stop == 0 then
          error(fault(), 2)
        elseif stop == ended then -- the empty match at the end of the last one does not count
          at = first + 1
        else
          if next(program.unfinished) then error("unfinished capture", 2) end
          at, ended = stop, stop
          return result(program, first, stop)
        end
      end
    end
  end

  -- Tells whether C can expand `template` without a fault.
  local function expands(template, captures_count)
    local at = native_find(template, "%", 1, true)
    while at do
      local code = byte(template, at + 1)
      if code ~= 37 and not (code and code >= 48 and code <= 57 and code - 48 <= captures_count) then return false end
      at = native_find(template, "%", at + 2, true)
    end
    return true
  end

  -- The template with its `%0` to `%9` and `%%` replaced; nil and the fault when it is wrong.
  local function expand(template, whole, ...)
    local parts, count, copied = {}, 0, 1
    local at = native_find(template, "%", 1, true)
    while at do
      local code = byte(template, at + 1)
      local value
      if code == 37 then value = "%"
      elseif code == 48 then value = whole
      elseif code and code >= 49 and code <= 57 then
        local index = code - 48
        value = select(index, ...)
        if index == 1 and value == nil then value = whole end
        if value == nil then return nil, format("invalid capture index %%%d", index) end
        if value == UNFINISHED then return nil, "unfinished capture" end
      else
        return nil, "invalid use of '%' in replacement string"
      end
      parts[count + 1], parts[count + 2] = sub(template, copied, at - 1), value
      count, copied = count + 2, at + 2
      at = native_find(template, "%", copied, true)
    end
    parts[count + 1] = sub(template, copied)
    return concat(parts)
  end

  -- What one match (`first`, `last`, captures, as from find) becomes: `first`, `last`, the value that replaces it,
  -- and the steps left. `first` is nil without a match, false for an empty match at `ended`.
  local function replaced(replacement, program, subject, ended, first, last, ...)
    local steps = steps_left()
    if not first then return nil end
    if first == 0 then error(fault(), 3) end
    if last + 1 == ended then return false, nil, nil, steps end
    local kind, value = type(replacement), ...
    if kind == "string" then
      local problem
      value, problem = expand(replacement, sub(subject, first, last), ...)
      if problem then error(problem, 3) end
      return first, last, value, steps
    end
    if value == UNFINISHED or kind == "function" and next(program.unfinished) then error("unfinished capture", 3) end
    if value == nil then value = sub(subject, first, last) end
    if kind == "table" then value = replacement[value]
    elseif program.captures > 1 then value = replacement(...)
    else value = replacement(value) end
    return first, last, value, steps
  end

  local function refuse_replacement(kind)
    refuse("gsub", 3, "string/function/table expected, got " .. kind)
  end

  -- As native find without plain, by the matcher; `first` is 0 for a fault.
  local function scanned(program, subject, at, steps)
    begin(subject, steps)
    local first, stop = scan(program, at)
    if not first then return nil end
    if stop == 0 then return 0 end
    return first, stop - 1, captures(program)
  end

  local function gsub(subject, pattern, replacement, most)
    local program = programs[pattern]
    if not program or type(subject) ~= "string" or most and math_type(most) ~= "integer" then
      subject, pattern = string_of("gsub", 1, subject), string_of("gsub", 2, pattern)
      most = integer_of("gsub", 4, most)
      program = programs[pattern] or prepare(pattern)
    end
    local kind, length = type(replacement), #subject
    local cheap = length <= program.cheap or is_cheap(program, length)
    if kind == "number" then replacement, kind = replacement .. "", "string" end
    if kind == "string" then
      if cheap and expands(replacement, program.captures == 0 and 1 or program.captures) then
        return native_gsub(subject, pattern, replacement, most)
      end
    elseif kind ~= "function" and kind ~= "table" then
      refuse_replacement(kind)
    end
    local simple = cheap and kind ~= "string" and program.captures <= 1
    local parts, count, made, copied, at, ended = {}, 0, 0, 1, 1, 0
    local steps = limits.steps
    most = most or length + 1
    while made < most and at <= length + 1 do
      local first, last, value
      if simple then
        first, last, value = native_find(subject, pattern, at)
        if first and last + 1 == ended then
          first = false
        elseif first then
          value = value or sub(subject, first, last)
          if kind == "table" then value = replacement[value] else value = replacement(value) end
        end
      elseif cheap then
        first, last, value = replaced(replacement, program, subject, ended, native_find(subject, pattern, at))
      else
        first, last, value, steps = replaced(replacement, program, subject, ended, scanned(program, subject, at, steps))
      end
      if first then
        made = made + 1
        if value then
          local given = type(value)
          if given ~= "string" and given ~= "number" then
            error(format("invalid replacement value (a %s)", given), 2)
          end
          parts[count + 1], parts[count + 2] = sub(subject, copied, first - 1), value
          count, copied = count + 2, last + 1
        end
        at, ended = last + 1, last + 1
      elseif first == false then
        at = at + 1
      else
        break
      end
      if program.anchored then break end
    end
    if count == 0 then return subject, made end
    parts[count + 1] = sub(subject, copied)
    return concat(parts), made
  end

  return {find = find, match = match_once, gmatch = gmatch, gsub = gsub}
end
