-- Compiles Lua patterns for the bounded matcher.
--
-- Returns function(native, spend) -> compiler: `native` is Lua's string library, `spend(steps)` counts work and raises when
-- there was too much. A pattern becomes a chain of nodes, with what the matcher may skip and an upper bound of the work
-- that the native functions would have with it. Which bytes a class has is asked of the native functions, never told here.

local next = next
local concat, math_huge = table.concat, math.huge

local NATIVE_WORK <const> = 1 << 24 -- steps of the C matcher in one native call: about 25 ms
local MAX_CAPTURES <const> = 32 -- as in C
local MAX_NATIVE_NODES <const> = 100 -- C gives up at 200 levels, and its fault would name our line
local MAX_ANALYSED <const> = 24 -- quantified items beyond which a pattern is not analysed
local MAX_CACHED <const> = 500
local SHORT <const> = 16 -- the longest text of an item that is handed to native scans
local FEW <const> = 8 -- the largest set that is made into such a text

-- what a node does
local SINGLE <const>, CHUNK <const>, STAR <const>, LAZY <const>, OPTIONAL <const> = 1, 2, 3, 4, 5
local OPEN <const>, CLOSE <const>, BACK <const>, BALANCE <const>, FRONTIER <const> = 6, 7, 8, 9, 10
local FINISH <const>, MATCHED <const>, FAULT <const> = 11, 12, 13

local AT_END <const> = -1 -- key of a first set: the rest may match at the end of the subject
local POSITION <const> = 0 -- stop of a position capture

return function(native, spend)
  local native_find, native_gmatch = native.find, native.gmatch
  local byte, char, sub, format = native.byte, native.char, native.sub, native.format

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

  -- Tells whether a native call stays within NATIVE_WORK on a subject of `length` bytes, and remembers it.
  local function is_cheap(program, length)
    if length >= program.dear then return false end
    if work(program.model, program.anchored, length) > NATIVE_WORK then
      program.dear = length
      return false
    end
    program.cheap = length
    return true
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

  -- Adds to `program` what only the matcher needs.
  local function prepare_scan(program)
    program.head = program.nodes[1]
    program.skip = skip_for(program.nodes, program.first)
    program.leap = leap_for(program.nodes)
  end

  -- The program of `pattern`. Raises nothing but what `spend` raises: a fault is part of the program.
  local function compile(pattern)
    local anchored = byte(pattern, 1) == 94 -- ^
    local nodes, captures, unfinished = nodes_of(pattern, anchored and 2 or 1)
    local model, first = analyse(nodes)
    local faulty = next(unfinished) or nodes[#nodes - 1] and nodes[#nodes - 1].op == FAULT
    local native_fits = not faulty and #nodes <= MAX_NATIVE_NODES and model.stars + model.options <= MAX_ANALYSED
    return {
      anchored = anchored,
      captures = captures,
      unfinished = unfinished,
      nodes = nodes,
      first = first,
      model = model,
      cheap = -1, -- the longest subject known to be cheap for C
      dear = native_fits and math_huge or 0, -- the shortest known not to be
      literal = not native_find(pattern, "[%^%$%*%+%?%.%(%[%%%-]"), -- what find takes as plain text
    }
  end

  return {
    compile = compile,
    prepare_scan = prepare_scan,
    is_cheap = is_cheap,
    text_of = text_of,
    AT_END = AT_END,
    POSITION = POSITION,
    SINGLE = SINGLE,
    CHUNK = CHUNK,
    STAR = STAR,
    LAZY = LAZY,
    OPTIONAL = OPTIONAL,
    OPEN = OPEN,
    CLOSE = CLOSE,
    BACK = BACK,
    BALANCE = BALANCE,
    FRONTIER = FRONTIER,
    FINISH = FINISH,
    MATCHED = MATCHED,
  }
end
