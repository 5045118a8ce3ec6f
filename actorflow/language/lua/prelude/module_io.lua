-- The `io` module: the terminal of processes on a `terminal.host`. Called with (kit) -> module.

local select, concat, type, find, sub = select, table.concat, type, string.find, string.sub

return function(kit)
  local perform = kit.perform

  local function joined(separator, ending, ...)
    local parts = {}
    for i = 1, select("#", ...) do parts[i] = kit.tostring((select(i, ...))) end
    return concat(parts, separator) .. ending
  end

  local function eof()
    return nil, kit.make_error({message = "EOF: the input has ended", kind = "Unavailable", retryable = false})
  end

  local function some(data, err)
    if err then return nil, err end
    if data == "" then return eof() end
    return data
  end

  local function readline()
    local line, err = some(perform("io.read_line"))
    if not line then return nil, err end
    if sub(line, -1) == "\n" then line = sub(line, 1, -2) end
    if sub(line, -1) == "\r" then line = sub(line, 1, -2) end
    return line
  end

  return {
    write = function(...) return perform("io.write", joined("", "", ...)) end,
    print = function(...) return perform("io.write", joined("\t", "\n", ...)) end,
    eprint = function(...) return perform("io.write_error", joined("\t", "\n", ...)) end,
    read = function(what)
      if type(what) ~= "string" then return some(perform("io.read", what)) end
      if find(what, "^%*?a") then return perform("io.read_all") end
      if find(what, "^%*?l") then return readline() end
      if find(what, "^%*?L") then return some(perform("io.read_line")) end
      return nil, kit.invalid("io.read: expected a number of bytes, 'l', 'L' or 'a', got '" .. what .. "'")
    end,
    readline = readline,
    flush = function() return true end, -- nothing is held back
    args = function() return perform("io.args") end,
  }
end
