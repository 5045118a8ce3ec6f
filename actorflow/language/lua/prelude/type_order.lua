-- Whether one type is part of another: all values of the one have the other. Called with (kit, rules); adds
-- rules.is_part.

local type, next, rawequal, math_type = type, next, rawequal, math.type

local MAX_DEPTH <const> = 100

return function(kit, rules)
  local resolved = rules.resolved
  local OF_TABLES <const> = {["{"] = true, ["["] = true, m = true}

  local is_part

  local function every(a, ea, b, eb, depth, seen)
    for i = 2, #a do
      if not is_part(a[i], ea, b, eb, depth, seen) then return false end
    end
    return true
  end

  local function some(forms, test)
    for i = 2, #forms do
      if test(forms[i]) then return true end
    end
    return false
  end

  local function records(a, ea, b, eb, depth, seen)
    local mine, theirs = rules.fields(a, ea), rules.fields(b, eb)
    local by_name = {}
    for _, field in next, mine do by_name[field.name] = field end
    for _, field in next, theirs do
      local own = by_name[field.name]
      if not own then
        if not field.optional then return false end
      elseif own.optional and not field.optional or not is_part(own.form, own.env, field.form, field.env, depth,
        seen) then
        return false
      end
    end
    return true
  end

  local function functions(a, ea, b, eb, depth, seen)
    if #a[2] > #b[2] or #a[3] < #b[3] then return false end
    for i = 1, #a[2] do
      if not is_part(b[2][i], eb, a[2][i], ea, depth, seen) then return false end
    end
    for i = 1, #b[3] do
      if not is_part(a[3][i], ea, b[3][i], eb, depth, seen) then return false end
    end
    return true
  end

  local function same_validators(a, b)
    if #a ~= #b then return false end
    for i = 3, #a do
      for k = 1, 3 do
        if a[i][k] ~= b[i][k] then return false end
      end
    end
    return true
  end

  local function record_in_map(a, ea, b, eb, depth, seen)
    if not is_part("string", nil, b[2], eb, depth, seen) then return false end
    for _, field in next, rules.fields(a, ea) do
      if not is_part(field.form, field.env, b[3], eb, depth, seen) then return false end
    end
    return true
  end

  local function of_tags(a, ea, b, eb, depth, seen)
    local x, y = a[1], b[1]
    if x == "=" and y == "=" then return a[2] == b[2] end
    if (x == "{" or x == "&") and y == "{" then
      return rules.fields(a, ea) ~= nil and records(a, ea, b, eb, depth, seen)
    end
    if x == "{" and y == "m" then return record_in_map(a, ea, b, eb, depth, seen) end
    if x ~= y then return false end
    if x == "[" then return is_part(a[2], ea, b[2], eb, depth, seen) end
    if x == "m" then return is_part(a[2], ea, b[2], eb, depth, seen) and is_part(a[3], ea, b[3], eb, depth, seen) end
    if x == "f" then return functions(a, ea, b, eb, depth, seen) end
    return false
  end

  local function in_primitive(a, b)
    if type(a) == "string" then return a == b or a == "integer" and b == "number" end
    if a[1] == "=" then
      return type(a[2]) == b or b == "integer" and math_type(a[2]) == "integer"
    end
    return b == (OF_TABLES[a[1]] and "table" or a[1] == "f" and "function")
  end

  local function of_resolved(a, ea, b, eb, depth, seen)
    local x, y = type(a) == "table" and a[1], type(b) == "table" and b[1]
    if x == "|" then return every(a, ea, b, eb, depth, seen) end
    if x == "?" then
      return is_part("nil", nil, b, eb, depth, seen) and is_part(a[2], ea, b, eb, depth, seen)
    end
    if y == "|" then return some(b, function(part) return is_part(a, ea, part, eb, depth, seen) end) end
    if y == "?" then return a == "nil" or is_part(a, ea, b[2], eb, depth, seen) end
    if y == "&" then
      for i = 2, #b do
        if not is_part(a, ea, b[i], eb, depth, seen) then return false end
      end
      return true
    end
    if y == "v" then return x == "v" and same_validators(a, b) and is_part(a[2], ea, b[2], eb, depth, seen) end
    if x == "v" then return is_part(a[2], ea, b, eb, depth, seen) end
    if x == "&" and y ~= "{" then return some(a, function(part) return is_part(part, ea, b, eb, depth, seen) end) end
    if not y then return in_primitive(a, b) end
    return x and of_tags(a, ea, b, eb, depth, seen) or false
  end

  function is_part(a, ea, b, eb, depth, seen)
    kit.spend(20)
    if depth > MAX_DEPTH then return false end
    a, ea = resolved(a, ea, 0, true)
    b, eb = resolved(b, eb, 0, true)
    if b == "any" or b == "unknown" or a == "never" or rawequal(a, b) and ea == eb then return true end
    if a == "any" or a == "unknown" or b == "never" then return false end
    if type(a) == "string" or type(b) == "string" then return of_resolved(a, ea, b, eb, depth + 1, seen) end
    local known = seen[a] or {}
    seen[a] = known
    if known[b] ~= nil then return known[b] end -- true while it is being compared further up
    known[b] = true
    known[b] = of_resolved(a, ea, b, eb, depth + 1, seen)
    return known[b]
  end

  function rules.is_part(a, ea, b, eb) return is_part(a, ea, b, eb, 0, {}) end
end
