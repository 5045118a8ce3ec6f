-- Lua patterns that cannot run away.
--
-- Returns function(native, limits, fail) -> {find, match, gmatch, gsub}: the functions of Lua 5.4's string library with
-- the same results and messages. `native` is that library; `limits.steps` bounds the work of one call; `fail(message)`
-- raises and never returns.
--
-- A pattern is compiled once into a chain of nodes, with an upper bound of the work it may cause on a subject of n bytes.
-- Where the bound is small the native function does the work. Elsewhere the matcher below runs: it walks the chain, counts
-- its steps, and leaves runs of one class to native single-item patterns, which take time linear in what they skip.
-- Malformed patterns always take the matcher, so that a fault is found where C would find it and reported at the
-- caller's line. Functions that replace are called from Lua, so they may yield.

local error, next, select, type, tonumber = error, next, select, type, tonumber
local concat, unpack = table.concat, table.unpack
local max, math_type, tointeger = math.max, math.type, math.tointeger
local getinfo = debug and debug.getinfo

local NATIVE_WORK <const> = 1 << 24 -- steps of the C matcher in one native call: about 25 ms
local SKIP <const> = 4 -- native scanning counts one step per 2^4 bytes
local MAX_CAPTURES <const> = 32 -- as in C
local MAX_DEPTH <const> = 200 -- as in C
local MAX_ANALYSED <const> = 24 -- quantified items beyond which a pattern is not analysed
local MAX_CACHED <const> = 500
local MAX_CACHED_SIZE <const> = 256
local SHORT <const> = 16 -- the longest text of an item that is handed to native scans
local FEW <const> = 8 -- the largest set that is made into such a text
local HEAD <const> = 32 -- plain searches look for this much of the needle first

-- what a node does
local SINGLE <const>, CHUNK <const>, STAR <const>, LAZY <const>, OPTIONAL <const> = 1, 2, 3, 4, 5
local OPEN <const>, CLOSE <const>, BACK <const>, BALANCE <const>, FRONTIER <const> = 6, 7, 8, 9, 10
local FINISH <const>, MATCHED <const>, FAULT <const> = 11, 12, 13

local AT_END <const> = -1 -- key of a first set: the rest may match at the end of the subject
local POSITION <const> = 0 -- stop of a position capture

return function(native, limits, fail)
  local native_find, native_gmatch, native_gsub = native.find, native.gmatch, native.gsub
  local native_match = native.match
  local byte, char, sub, format = native.byte, native.char, native.sub, native.format

  local left -- steps that the running call may still take

  local function exhausted()
    fail(format("pattern matching needs more than %d steps: use fewer *, +, - and ? items, anchor the pattern with ^, "
      .. "or search a shorter text", limits.steps))
  end

  local function spend(steps)
    left = left - steps
    if left < 0 then exhausted() end
  end

  ------------------------------------------------------------------------------------------------ sets of bytes

  local every = {}
  for code = 0, 255 do every[code + 1] = char(code) end
  every = concat(every)

  local cached_sets, cached_count = {}, 0

  -- The bytes that the single-item pattern `text` matches, as {[byte] = true}; C decides what they are.
  local function set_of(text)
    local set = cached_sets[text]
    if set then return set end
    spend(8 * #text)
    set = {}
    for found in native_gmatch(every, text) do set[byte(found)] = true end
    if #text <= SHORT then
      if cached_count >= MAX_CACHED then cached_sets, cached_count = {}, 0 end
      cached_sets[text], cached_count = set, cached_count + 1
    end
    return set
  end

  local function disjoint(a, b)
    for code in next, a do
      if code ~= AT_END and b[code] then return false end
    end
    return true
  end

  local function union(a, b)
    local both = {}
    for code in next, a do both[code] = true end
    for code in next, b do both[code] = true end
    return both
  end

  -- A short pattern for one byte of `set`, nil when there is none.
  local function text_of(set)
    local parts, count = {}, 0
    for code = 0, 255 do
      if set[code] then
        count = count + 1
        if count > FEW then return nil end
        local letter = char(code)
        parts[count] = native_find(letter, "^%w$") and letter or "%" .. letter
      end
    end
    if count < 2 then return parts[1] end
    return "[" .. concat(parts) .. "]"
  end

  ------------------------------------------------------------------------------------------------ compiling

  -- Where the single item that begins at `at` ends; or nil and the fault.
  local function item_end(pattern, at)
    local code = byte(pattern, at)
    if code == 37 then -- %
      if at == #pattern then return nil, "malformed pattern (ends with '%')" end
      return at + 1
    elseif code ~= 91 then -- [
      return at
    end
    at = at + 1
    if byte(pattern, at) == 94 then at = at + 1 end -- ^
    repeat
      local inner = byte(pattern, at)
      if not inner then return nil, "malformed pattern (missing ']')" end
      at = at + 1
      if inner == 37 and at <= #pattern then at = at + 1 end
      spend(1)
    until byte(pattern, at) == 93 -- ]
    return at
  end

  local QUANTIFIERS = {[42] = STAR, [43] = STAR, [45] = LAZY, [63] = OPTIONAL} -- * + - ?

  -- The nodes of `pattern` from byte `at` on, the number of captures, and {[index] = true} for those left open.
  -- Consecutive plain items become one chunk. A fault becomes a node: it is raised only if matching gets there.
  local function nodes_of(pattern, at)
    local nodes, count, captures, closed, open = {}, 0, 0, {}, {}
    local size = #pattern
    local plain, plain_count = {}, 0 -- plain items not yet made into a node

    local function flush()
      if plain_count == 0 then return end
      local text = concat(plain, "", 1, plain_count)
      local node = {op = SINGLE, set = set_of(plain[1]), text = text, weight = #text}
      if plain_count > 1 then node.op, node.text, node.width = CHUNK, "^" .. text, plain_count end
      plain_count = 0
      count = count + 1
      nodes[count] = node
    end

    local function add(node)
      flush()
      spend(8)
      count = count + 1
      nodes[count] = node
    end

    local function fault(message)
      add{op = FAULT, message = message}
      return size -- nothing behind it is ever reached
    end

    local function capture(from)
      if captures == MAX_CAPTURES then return fault("too many captures") end
      local position = byte(pattern, from + 1) == 41 -- )
      captures = captures + 1
      closed[captures] = position
      if not position then open[#open + 1] = captures end
      add{op = OPEN, index = captures, stop = position and POSITION}
      return position and from + 1 or from
    end

    local function close(from)
      local index = open[#open]
      if not index then return fault("invalid pattern capture") end
      open[#open], closed[index] = nil, true
      add{op = CLOSE, index = index}
      return from
    end

    local function back(from, index)
      if not closed[index] then return fault(format("invalid capture index %%%d", index)) end
      add{op = BACK, index = index}
      return from + 1
    end

    local function balance(from)
      if from + 3 > size then return fault("malformed pattern (missing arguments to '%b')") end
      add{op = BALANCE, text = "^" .. sub(pattern, from, from + 3), code = byte(pattern, from + 2)}
      return from + 3
    end

    local function frontier(from)
      if byte(pattern, from + 2) ~= 91 then return fault("missing '[' after '%f' in pattern") end -- [
      local stop, problem = item_end(pattern, from + 2)
      if not stop then return fault(problem) end
      local text = sub(pattern, from + 2, stop)
      add{op = FRONTIER, set = set_of(text), weight = #text}
      return stop
    end

    local function single(from)
      local stop, problem = item_end(pattern, from)
      if not stop then return fault(problem) end
      local text = sub(pattern, from, stop)
      if native_find(text, "^[^%w.]$") then text = "%" .. text end -- `^`, `$`, `]` … stand for themselves here
      local quantifier = byte(pattern, stop + 1)
      local op = QUANTIFIERS[quantifier]
      if not op or quantifier == 43 then -- `x+` is `xx*`
        plain_count = plain_count + 1
        plain[plain_count] = text
      end
      if not op then return stop end
      add{op = op, set = set_of(text), text = text, run = #text <= SHORT and "^" .. text .. "*", weight = #text}
      return stop + 1
    end

    local function item(from, code)
      if code == 40 then return capture(from) end -- (
      if code == 41 then return close(from) end -- )
      if code == 36 and from == size then -- $
        add{op = FINISH}
        return from
      end
      local class = code == 37 and byte(pattern, from + 1) -- %
      if class == 98 then return balance(from) end -- b
      if class == 102 then return frontier(from) end -- f
      if class and class >= 48 and class <= 57 then return back(from, class - 48) end -- 0 to 9
      return single(from)
    end

    while at <= size do
      spend(1)
      at = item(at, byte(pattern, at)) + 1
    end
    add{op = MATCHED}
    local unfinished = {}
    for _, index in next, open do unfinished[index] = true end
    return nodes, captures, unfinished
  end

  -- Links the nodes and notes, from the last to the first, what follows each repetition:
  --   first    the bytes one of which must come next for the rest to match, nil when that is not known;
  --   certain  only the longest run is worth trying: the rest never fails, or no shorter run can be followed by it.
  -- Returns the work model: branching repetitions and options, whether runs are repeated per start, and weights.
  local function analyse(nodes)
    local model = {stars = 0, options = 0, runs = false, weight = 0, widest = 1}
    local first, sure, can_end = nil, true, true -- of the rest: `sure` never fails, `can_end` matches at the end
    local count = 0
    for index = #nodes - 1, 1, -1 do
      local node = nodes[index]
      local op, weight = node.op, node.weight or 1
      node.next = nodes[index + 1]
      model.weight = model.weight + weight
      if weight > model.widest then model.widest = weight end
      if op == STAR or op == LAZY or op == OPTIONAL then
        count = count + 1
        if count > MAX_ANALYSED then first, sure, can_end = nil, false, false end
        local only = first ~= nil and disjoint(node.set, first)
        node.first, node.sure, node.certain = first, sure, sure or only
        if sure then -- takes its run once and for all
        elseif op == OPTIONAL then model.options = model.options + (only and 0 or 1)
        elseif only then model.runs = true
        else model.stars = model.stars + 1 end
        first = first and union(node.set, first)
        sure = sure or op ~= OPTIONAL and node.text == "." and can_end
      elseif op == FINISH then first, sure, can_end = {[AT_END] = true}, false, true
      elseif op ~= OPEN and op ~= CLOSE then
        model.runs = model.runs or op == BALANCE or op == BACK
        first = op == BALANCE and {[node.code] = true} or (op == SINGLE or op == CHUNK) and node.set or nil
        sure, can_end = false, false
      end
    end
    return model, first
  end

  -- An upper bound of the steps the C matcher takes to search a subject of `size` bytes once, or to walk all matches.
  local function work(model, anchored, size)
    local choices = anchored and 1 or size + 1 -- ways to place the start and the end of each branching repetition
    for index = 1, model.stars do
      choices = choices * (size + index + 1) / (index + (anchored and 0 or 1))
    end
    local attempt = model.weight + model.widest * (model.runs and 2 * size + 1 or 1)
    return 2.0 * (model.stars + 1) * 2.0 ^ model.options * choices * attempt + (size + 1.0) * model.weight
  end

  -- The longest subject for which the work stays within NATIVE_WORK; -1 for none.
  local function longest_for(model, anchored)
    if model.stars + model.options > MAX_ANALYSED or work(model, anchored, 0) > NATIVE_WORK then return -1 end
    local low, high = 0, NATIVE_WORK
    while low < high do
      local middle = (low + high + 1) // 2
      if work(model, anchored, middle) <= NATIVE_WORK then low = middle else high = middle - 1 end
    end
    return low
  end

  -- A short pattern for the byte that any match begins with, nil when there is none.
  local function skip_for(nodes, first)
    if not first or first[AT_END] then return nil end
    for index = 1, #nodes do
      local node = nodes[index]
      if node.set == first and node.op == SINGLE and #node.text <= SHORT then return node.text end
      if node.op ~= OPEN then break end
    end
    return text_of(first)
  end

  -- The repetition that a match begins with, if a failed match means that none begins inside the same run either: the
  -- run always goes to its end, and what follows does not depend on where it began.
  local function leap_for(nodes)
    local index = 1
    while nodes[index].op == OPEN do index = index + 1 end
    local head, star = nodes[index], nodes[index + 1]
    if head.op == STAR then star = head end
    local starts_run = head.op == STAR or head.op == SINGLE and star.op == STAR and star.text == head.text
    if not starts_run or not star.certain then return nil end
    for place = index, #nodes do
      if nodes[place].op == BACK then return nil end
    end
    return star
  end

  local function compile(pattern)
    local anchored = byte(pattern, 1) == 94 -- ^
    local nodes, captures, unfinished = nodes_of(pattern, anchored and 2 or 1)
    local model, first = analyse(nodes)
    local faulty = next(unfinished) or nodes[#nodes - 1] and nodes[#nodes - 1].op == FAULT
    local native_fits = not faulty and #nodes < MAX_DEPTH // 2
    return {
      anchored = anchored,
      captures = captures,
      unfinished = unfinished,
      head = nodes[1],
      skip = skip_for(nodes, first),
      leap = leap_for(nodes),
      longest = native_fits and longest_for(model, anchored) or -1,
      literal = not native_find(pattern, "[%^%$%*%+%?%.%(%[%%%-]"), -- what find takes as plain text
    }
  end

  local programs, program_count = {}, 0

  local function prepare(pattern)
    left = limits.steps
    local program = compile(pattern)
    if #pattern <= MAX_CACHED_SIZE then
      if program_count >= MAX_CACHED then programs, program_count = {}, 0 end
      programs[pattern], program_count = program, program_count + 1
    end
    return program
  end

  ------------------------------------------------------------------------------------------------ matching

  local text, size -- the subject of the running match
  local starts, stops = {}, {} -- its captures
  local message -- why it failed for good, when a match ends at 0

  -- Raises when the steps are used up; else the pattern nests too deep, a fault as in C.
  local function stuck()
    if left < 0 then exhausted() end
    message = "pattern too complex"
    return 0
  end

  -- The last byte of the run of `node`'s class that begins at `at`.
  local function run_end(node, at)
    local last = at - 1
    if node.run then
      local _
      _, last = native_find(text, node.run, at)
      left = left - ((last - at + 1) >> SKIP)
      return last
    end
    local set = node.set
    while set[byte(text, last + 1)] do
      last = last + 1
      spend(1)
    end
    return last
  end

  -- The next place from `at` on where `node`, which takes any byte, can be followed by its rest.
  local function jump(node, at)
    if node.jump == nil then node.jump = text_of(node.first) or false end
    if not node.jump then return at end
    local found = native_find(text, node.jump, at) or size + 1
    left = left - ((found - at) >> SKIP)
    return found
  end

  -- Where the nodes from `node` on end when they match at `at`: the place behind the last byte, nil when they do not
  -- match, 0 for a fault. Recurses only where there is a choice; `depth` counts as C does.
  local function match(node, at, depth)
    while true do
      left = left - 1
      if left < 0 or depth > MAX_DEPTH then return stuck() end
      local op = node.op
      if op == SINGLE then
        if not node.set[byte(text, at)] then return nil end
        at = at + 1
      elseif op == CHUNK then
        left = left - (node.weight >> SKIP)
        if not native_find(text, node.text, at) then return nil end
        at = at + node.width
      elseif op == STAR then
        local last = run_end(node, at)
        if last >= at then depth = depth + 1 end
        if not node.certain and last >= at then
          local first, rest = node.first, node.next
          for stop = last + 1, at, -1 do
            left = left - 1
            if not first or first[byte(text, stop) or AT_END] then
              local found = match(rest, stop, depth)
              if found then return found end
            end
          end
          return nil
        end
        at = last + 1
      elseif op == LAZY then
        depth = depth + 1
        if not node.certain then
          local set, first, rest = node.set, node.first, node.next
          local jumps = first and node.text == "."
          while true do
            left = left - 1
            if not first or first[byte(text, at) or AT_END] then
              local found = match(rest, at, depth)
              if found then return found end
            end
            if left < 0 then return stuck() end
            if not set[byte(text, at)] then return nil end
            at = at + 1
            if jumps then at = jump(node, at) end
          end
        end
        if not node.sure then at = run_end(node, at) + 1 end
      elseif op == OPTIONAL then
        if node.set[byte(text, at)] then
          if node.certain then
            at, depth = at + 1, depth + 1
          else
            local found = match(node.next, at + 1, depth + 1)
            if found then return found end
          end
        end
      elseif op == MATCHED then
        return at
      elseif op == OPEN then
        starts[node.index], stops[node.index] = at, node.stop
        depth = depth + 1
      elseif op == CLOSE then
        stops[node.index] = at
        depth = depth + 1
      elseif op == BACK then
        local stop = stops[node.index]
        if stop == POSITION then return nil end
        local width = stop - starts[node.index]
        left = left - (width >> SKIP)
        if sub(text, starts[node.index], stop - 1) ~= sub(text, at, at + width - 1) then return nil end
        at = at + width
      elseif op == BALANCE then
        if byte(text, at) ~= node.code then return nil end
        local _, last = native_find(text, node.text, at)
        left = left - (((last or size) - at + 1) >> SKIP)
        if not last then return nil end
        at = last + 1
      elseif op == FRONTIER then
        local set = node.set
        if set[at > 1 and byte(text, at - 1) or 0] or not set[byte(text, at) or 0] then return nil end
      elseif op == FINISH then
        if at <= size then return nil end
      else
        message = node.message
        return 0
      end
      node = node.next
    end
  end

  -- The first place from `at` on where `program` matches, and where that match ends; nil when there is none.
  local function scan(program, at)
    local head, skip, leap = program.head, program.skip, program.leap
    repeat
      if skip and not program.anchored then
        local candidate = native_find(text, skip, at) or size + 1
        left = left - ((candidate - at) >> SKIP)
        at = candidate
      end
      local stop = match(head, at, 1)
      if stop then return at, stop end
      if leap then at = max(at, run_end(leap, at)) end
      at = at + 1
    until program.anchored or at > size + 1
    return nil
  end

  local function begin(subject)
    text, size, left = subject, #subject, limits.steps
  end

  local UNFINISHED <const> = {}

  local function capture(program, index)
    if program.unfinished[index] then return UNFINISHED end
    local start, stop = starts[index], stops[index]
    return stop == POSITION and start or sub(text, start, stop - 1)
  end

  local function captures(program)
    local count = program.captures
    if count == 0 then return end
    if count == 1 then return capture(program, 1) end
    local values = {}
    for index = 1, count do values[index] = capture(program, index) end
    return unpack(values, 1, count)
  end

  -- As `captures`, but the whole match when there are none.
  local function result(program, first, stop)
    if program.captures == 0 then return sub(text, first, stop - 1) end
    return captures(program)
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
    if plain and type(pattern) == "string" and type(subject) == "string" and (not init or math_type(init) == "integer") then
      if #subject * #pattern <= NATIVE_WORK then return native_find(subject, pattern, init, true) end
    end
    local program = programs[pattern]
    if not program or type(subject) ~= "string" or init and math_type(init) ~= "integer" then
      subject, pattern = string_of("find", 1, subject), string_of("find", 2, pattern)
      init = integer_of("find", 3, init)
      program = plain and PLAIN or programs[pattern] or prepare(pattern)
    end
    local length = #subject
    if not plain and length <= program.longest then return native_find(subject, pattern, init) end
    local at = start_of(init, length)
    if at > length + 1 then return nil end
    if plain or program.literal then return search(subject, pattern, at) end
    begin(subject)
    local first, stop = scan(program, at)
    if not first then return nil end
    if stop == 0 then error(message, 2) end
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
    if length <= program.longest then return native_match(subject, pattern, init) end
    local at = start_of(init, length)
    if at > length + 1 then return nil end
    begin(subject)
    local first, stop = scan(program, at)
    if not first then return nil end
    if stop == 0 then error(message, 2) end
    if next(program.unfinished) then error("unfinished capture", 2) end
    return result(program, first, stop)
  end

  local function gmatch(subject, pattern, init)
    subject, pattern = string_of("gmatch", 1, subject), string_of("gmatch", 2, pattern)
    init = integer_of("gmatch", 3, init)
    if byte(pattern, 1) == 94 then pattern = "%" .. pattern end -- no anchor here
    local program = programs[pattern] or prepare(pattern)
    local length = #subject
    if length <= program.longest then return native_gmatch(subject, pattern, init) end
    local at, ended = start_of(init, length), 0
    return function()
      begin(subject)
      while at <= length + 1 do
        local first, stop = scan(program, at)
        if not first then
          at = length + 2
        elseif stop == 0 then
          error(message, 2)
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

  -- What one match (`first`, `last`, captures, as from find) becomes: `first`, `last`, the text that replaces it or nil
  -- to keep it, and the steps left. `first` is nil without a match, false for an empty match at `ended`.
  local function replaced(replacement, program, subject, ended, first, last, ...)
    local steps = left
    if not first then return nil end
    if first == 0 then error(message, 3) end
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
    if not value then return first, last, nil, steps end
    kind = type(value)
    if kind ~= "string" and kind ~= "number" then
      error(format("invalid replacement value (a %s)", kind), 3)
    end
    return first, last, value, steps
  end

  local function refuse_replacement(kind)
    refuse("gsub", 3, "string/function/table expected, got " .. kind)
  end

  -- As native find without plain, by the matcher; `first` is 0 for a fault.
  local function scanned(program, subject, at, steps)
    begin(subject)
    left = steps
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
    local cheap = length <= program.longest
    if kind == "number" then replacement, kind = replacement .. "", "string" end
    if kind == "string" then
      if cheap and expands(replacement, program.captures == 0 and 1 or program.captures) then
        return native_gsub(subject, pattern, replacement, most)
      end
    elseif kind ~= "function" and kind ~= "table" then
      refuse_replacement(kind)
    end
    local parts, count, made, copied, at, ended = {}, 0, 0, 1, 1, 0
    local steps = limits.steps
    most = most or length + 1
    while made < most and at <= length + 1 do
      local first, last, value
      if cheap then
        first, last, value = replaced(replacement, program, subject, ended, native_find(subject, pattern, at))
      else
        first, last, value, steps = replaced(replacement, program, subject, ended, scanned(program, subject, at, steps))
      end
      if first then
        made = made + 1
        if value then
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
