-- The matcher of Lua patterns: walks the nodes of a compiled pattern and counts its steps.
--
-- Returns function(native, limits, fail, compiler_of) -> the compiler's functions, begin, scan, captures, result, spend,
-- and what is known of the running match: fault, left. See pattern.lua, whose functions use it, for the arguments.

local next, unpack, max = next, table.unpack, math.max

local SKIP <const> = 4 -- native scanning counts one step per 2^4 bytes
local MAX_DEPTH <const> = 200 -- as in C

return function(native, limits, fail, compiler_of)
  local native_find, byte, sub, format = native.find, native.byte, native.sub, native.format

  local left -- steps that the running call may still take

  local function exhausted()
    fail(format("pattern matching needs more than %d steps: use fewer *, +, - and ? items, anchor the pattern with ^, "
      .. "or search a shorter text", limits.steps))
  end

  local function spend(steps)
    left = left - steps
    if left < 0 then exhausted() end
  end

  local compiler = compiler_of(native, spend)
  local prepare_scan, text_of = compiler.prepare_scan, compiler.text_of
  local AT_END, POSITION, SINGLE, CHUNK = compiler.AT_END, compiler.POSITION, compiler.SINGLE, compiler.CHUNK
  local STAR, LAZY, OPTIONAL, OPEN, CLOSE = compiler.STAR, compiler.LAZY, compiler.OPTIONAL, compiler.OPEN, compiler.CLOSE
  local BACK, BALANCE, FRONTIER = compiler.BACK, compiler.BALANCE, compiler.FRONTIER
  local FINISH, MATCHED = compiler.FINISH, compiler.MATCHED


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
    if not program.head then prepare_scan(program) end
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

  -- Begins a match, which may take so many steps.
  local function begin(subject, steps)
    text, size, left = subject, #subject, steps or limits.steps
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

  return {
    begin = begin, scan = scan, captures = captures, result = result, spend = spend, UNFINISHED = UNFINISHED,
    is_cheap = compiler.is_cheap,
    compile = function(pattern)
      left = limits.steps
      return compiler.compile(pattern)
    end,
    fault = function() return message end, -- why a match ended at 0
    left = function() return left end, -- steps that the running call may still take
  }
end
