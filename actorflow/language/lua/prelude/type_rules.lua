-- What types mean: whether a value has a type, and whether one type is part of another. Called with (kit, data_of) -> rules,
-- where `data_of` gives what a Type holds, nil for what is none.
--
-- A form is a primitive's name or a table that begins with a tag; `env` maps type parameters to {form, env}. A value or type that
-- nests deeper than MAX_DEPTH is refused, so that nothing goes on without an end.

local type, next, rawequal, pcall = type, next, rawequal, pcall
local math_type, floor, huge = math.type, math.floor, math.huge
local concat, match, sub = table.concat, string.match, string.sub

local MAX_DEPTH <const> = 100 -- of values, and of types at each level of a value
local LEVEL <const> = 1000 -- what a level of a value counts where a level of a type counts 1
local MAX_SHOWN <const> = 3 -- levels of a type that a message shows
local MAX_TEXT <const> = 60 -- bytes of a value that a message shows

return function(kit, data_of)
  local kind_of, class_of = kit.type, kit.class_of
  local rules = {}

  -- ---- what a form stands for ----------------------------------------------------------------------------------------

  -- The Type that a reference names, nil if there is none: a name of nothing stands for any value.
  local function named(form)
    local ok, found = kit.checked(pcall(form[3]))
    return ok and data_of(found) and found or nil
  end
  rules.named = named

  local function guessed(value, depth)
    local kind = kind_of(value)
    if kind == "number" then return math_type(value) == "integer" and "integer" or "number" end
    if kind ~= "table" or depth > MAX_SHOWN then return kind == "nil" and "any" or kind end
    if #value > 0 then return {"[", guessed(value[1], depth + 1)} end
    local form = {"{"}
    for name, field in kit.pairs(value) do
      if type(name) == "string" then form[#form + 1] = {name, guessed(field, depth + 1)} end
    end
    return form
  end

  local resolved

  local function applied(form, env)
    local head, found = form[2], nil
    if type(head) == "table" and head[1] == "@" then found = named(head) end
    local held = found and data_of(found)
    if not held then return resolved(head, env, 1) end
    local inner = {}
    for i = 1, #(held.parameters or {}) do
      if form[i + 2] ~= nil then inner[held.parameters[i]] = {form = form[i + 2], env = env} end
    end
    return held.form, inner
  end

  local function keys_of(form, env)
    local names = {"|"}
    for _, field in next, rules.fields(form, env) or {} do names[#names + 1] = {"=", field.name} end
    return #names > 1 and names or "string"
  end

  -- A form and its env without references, parameters, arguments, validators (unless `exact`), typeof and keyof.
  function resolved(form, env, depth, exact)
    depth = depth or 0
    while type(form) == "table" do
      depth = depth + 1
      if depth > MAX_DEPTH then return "any" end
      local tag = form[1]
      if tag == "@" then
        local found = named(form)
        local held = found and data_of(found)
        if not held then return "any" end
        form, env = held.form, held.env
      elseif tag == "$" then
        local bound = env and env[form[2]]
        if not bound then return "any" end
        form, env = bound.form, bound.env
      elseif tag == "<" then form, env = applied(form, env)
      elseif tag == "v" and not exact then form = form[2]
      elseif tag == "t" then
        local ok, value = kit.checked(pcall(form[2]))
        form = ok and guessed(value, 1) or "any"
      elseif tag == "k" then form = keys_of(form[2], env)
      else return form, env end
    end
    return form, env
  end
  rules.resolved = resolved

  -- The fields of a record, or of an intersection of records.
  function rules.fields(form, env, depth)
    form, env = resolved(form, env)
    if type(form) ~= "table" or (depth or 0) > MAX_DEPTH then return nil end
    local list = {}
    if form[1] == "{" then
      for i = 2, #form do
        list[#list + 1] = {name = form[i][1], form = form[i][2], optional = form[i][3] or false, env = env}
      end
      return list
    end
    if form[1] ~= "&" then return nil end
    for i = 2, #form do
      for _, field in next, rules.fields(form[i], env, (depth or 0) + 1) or {} do list[#list + 1] = field end
    end
    return list
  end

  -- ---- as text -------------------------------------------------------------------------------------------------------

  local shown

  local function all_shown(form, env, first, between, depth)
    local texts = {}
    for i = first, #form do texts[#texts + 1] = shown(form[i], env, depth) end
    return concat(texts, between)
  end

  local function record_shown(form, env, depth)
    local texts = {}
    for i = 2, #form do
      texts[#texts + 1] = form[i][1] .. (form[i][3] and "?: " or ": ") .. shown(form[i][2], env, depth)
    end
    return "{" .. concat(texts, ", ") .. "}"
  end

  local SHOWN <const> = {
    ["@"] = function(form) return form[2] end,
    ["$"] = function(form, env, depth)
      local bound = env and env[form[2]]
      return bound and shown(bound.form, bound.env, depth) or form[2]
    end,
    ["<"] = function(form, env, depth) return shown(form[2], env, depth) .. "<" .. all_shown(form, env, 3, ", ", depth) .. ">" end,
    ["="] = function(form) return type(form[2]) == "string" and '"' .. form[2] .. '"' or kit.tostring(form[2]) end,
    ["?"] = function(form, env, depth) return shown(form[2], env, depth) .. "?" end,
    ["["] = function(form, env, depth) return "{" .. shown(form[2], env, depth) .. "}" end,
    ["{"] = record_shown,
    m = function(form, env, depth) return "{[" .. shown(form[2], env, depth) .. "]: " .. shown(form[3], env, depth) .. "}" end,
    v = function(form, env, depth) return shown(form[2], env, depth) end,
    f = function(form, env, depth)
      return "(" .. all_shown(form[2], env, 1, ", ", depth) .. ") -> (" .. all_shown(form[3], env, 1, ", ", depth) .. ")"
    end,
    ["|"] = function(form, env, depth) return all_shown(form, env, 2, " | ", depth) end,
    ["&"] = function(form, env, depth) return all_shown(form, env, 2, " & ", depth) end,
  }

  function shown(form, env, depth)
    depth = (depth or 0) + 1
    if type(form) == "string" then return form end
    if depth > MAX_SHOWN then return "…" end
    local how = SHOWN[form[1]]
    if how then return how(form, env, depth) end
    return shown((resolved(form, env)), env, depth)
  end
  rules.shown = shown

  local function value_shown(value)
    if type(value) == "string" then return '"' .. sub(kit.clean(value), 1, MAX_TEXT) .. '"' end
    if type(value) == "number" or type(value) == "boolean" then return kit.tostring(value) end
    return kind_of(value)
  end

  -- ---- validators ----------------------------------------------------------------------------------------------------

  local function size_of(value)
    if type(value) == "string" or type(value) == "table" then return #value end
    return type(value) == "number" and value or nil
  end
  local function at_least(value, least) return type(least) ~= "number" or (size_of(value) or huge) >= least end
  local function at_most(value, most) return type(most) ~= "number" or (size_of(value) or -huge) <= most end
  local function is_like(pattern)
    return function(value) return type(value) ~= "string" or match(value, pattern) ~= nil end
  end
  local function above(value, least) return type(value) ~= "number" or value > (least or 0) end
  local function below(value, most) return type(value) ~= "number" or value < (most or 0) end

  -- Each says whether a value passes; those that do not concern a value of its kind let it pass.
  local VALIDATORS <const> = {
    min = at_least, max = at_most, min_len = at_least, max_len = at_most, minlen = at_least, maxlen = at_most,
    min_length = at_least, max_length = at_most, gte = at_least, lte = at_most, gt = above, lt = below,
    len = function(value, n) return at_least(value, n) and at_most(value, n) end,
    range = function(value, least, most) return at_least(value, least) and at_most(value, most) end,
    pattern = function(value, pattern)
      return type(value) ~= "string" or type(pattern) ~= "string" or kit.find(value, pattern) ~= nil
    end,
    positive = function(value) return above(value, 0) end,
    negative = function(value) return below(value, 0) end,
    non_negative = function(value) return type(value) ~= "number" or value >= 0 end,
    nonempty = function(value) return at_least(value, 1) end, non_empty = function(value) return at_least(value, 1) end,
    integer = function(value) return type(value) ~= "number" or value == floor(value) end,
    email = is_like("^[^%s@]+@[^%s@]+%.[^%s@]+$"), url = is_like("^%a[%w+.-]*://[^%s]+$"),
    uuid = is_like("^%x%x%x%x%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%x%x%x%x%x%x%x%x$"),
  }

  local function failed_validator(form, value)
    for i = 3, #form do
      local name, a, b = form[i][1], form[i][2], form[i][3]
      local passes = VALIDATORS[name]
      if passes and not passes(value, a, b) then
        local given = a ~= nil and "(" .. kit.tostring(a) .. (b ~= nil and ", " .. kit.tostring(b) or "") .. ")" or ""
        return "expected a value that passes @" .. name .. given .. ", got " .. value_shown(value)
      end
    end
    return nil
  end

  -- ---- whether a value has a type: nil, or what is wrong, and the path to it --------------------------------------------

  local function is_whole(value) return type(value) == "number" and (math_type(value) == "integer" or value == floor(value)) end
  local PRIMITIVES <const> = {
    any = function() return true end, unknown = function() return true end, never = function() return false end,
    integer = function(value) return is_whole(value) and value - value == 0 end,
    userdata = function(value) return kind_of(value) == "userdata" end,
  }

  local problem_in

  local function mismatch(form, env, value, literal)
    return "expected " .. shown(form, env) .. ", got " .. (literal and value_shown(value) or kind_of(value))
  end

  local function is_plain(value) return type(value) == "table" and not class_of(value) end

  local function in_part(problem, path, step)
    if not problem then return nil end
    if path == "" then return problem, step end
    return problem, step .. (sub(path, 1, 1) == "[" and "" or ".") .. path
  end

  local function each(value, problem_of)
    for key, item in kit.pairs(value) do
      local problem, path = problem_of(key, item)
      if problem then return in_part(problem, path, "[" .. value_shown(key) .. "]") end
    end
    return nil
  end

  local function one_of(form, env, value, depth, seen)
    local close, count = nil, 0 -- the part that is a table, if there is one only: its complaint says more
    for i = 2, #form do
      if not problem_in(form[i], env, value, depth, seen) then return nil end
      local part = resolved(form[i], env)
      local tag = type(part) == "table" and part[1]
      if tag == "{" or tag == "[" or tag == "m" or tag == "&" then close, count = form[i], count + 1 end
    end
    if count == 1 and is_plain(value) then return problem_in(close, env, value, depth, seen) end
    return mismatch(form, env, value, not is_plain(value)), ""
  end

  local CHECKS <const> = {
    ["="] = function(form, env, value)
      if value ~= form[2] or type(value) ~= type(form[2]) then return mismatch(form, env, value, true), "" end
    end,
    ["?"] = function(form, env, value, depth, seen)
      if value == nil then return nil end
      local problem, path = problem_in(form[2], env, value, depth, seen)
      if problem and path == "" and type(resolved(form[2], env)) == "string" then return mismatch(form, env, value), "" end
      return problem, path
    end,
    ["|"] = one_of,
    ["&"] = function(form, env, value, depth, seen)
      for i = 2, #form do
        local problem, path = problem_in(form[i], env, value, depth, seen)
        if problem then return problem, path end
      end
    end,
    v = function(form, env, value, depth, seen)
      local problem, path = problem_in(form[2], env, value, depth, seen)
      if problem then return problem, path end
      return failed_validator(form, value), ""
    end,
    f = function(form, env, value)
      if kind_of(value) ~= "function" then return mismatch(form, env, value), "" end
    end,
    ["{"] = function(form, env, value, depth, seen)
      for pass = 1, 2 do -- literals first: they tell the parts of a union apart before anything is looked at in depth
        for i = 2, #form do
          local name, field, optional = form[i][1], form[i][2], form[i][3]
          local is_literal = type(field) == "table" and field[1] == "="
          local item = value[name]
          if is_literal == (pass == 1) and (item ~= nil or not optional) then
            local problem, path = problem_in(field, env, item, depth, seen)
            if problem then return in_part(problem, path, name) end
          end
        end
      end
    end,
    ["["] = function(form, env, value, depth, seen)
      return each(value, function(key, item)
        if math_type(key) ~= "integer" then return "expected a list, got a key of type " .. kind_of(key), "" end
        return problem_in(form[2], env, item, depth, seen)
      end)
    end,
    m = function(form, env, value, depth, seen)
      return each(value, function(key, item)
        local problem, path = problem_in(form[2], env, key, depth, seen)
        if problem then return problem, path end
        return problem_in(form[3], env, item, depth, seen)
      end)
    end,
  }
  local OF_TABLES <const> = {["{"] = true, ["["] = true, m = true}

  -- Checks a table against a form once only: unions would do it again and again. One that is being checked further up passes
  -- there; what rests on that is not kept as having passed.
  local function once(check, form, env, value, depth, seen)
    local by_form = seen[value] or {}
    seen[value] = by_form
    local known = by_form[form]
    if known and known.env == env then
      if not known.over then seen.cyclic = true end
      return known.problem, known.path
    end
    known = {env = env, over = false}
    by_form[form] = known
    local problem, path = check(form, env, value, depth, seen)
    if not problem and seen.cyclic then
      by_form[form] = nil
    else
      known.over, known.problem, known.path = true, problem, path
    end
    return problem, path
  end

  function problem_in(form, env, value, depth, seen)
    if depth > MAX_DEPTH * LEVEL or depth % LEVEL > MAX_DEPTH then
      return "nested deeper than " .. MAX_DEPTH .. " levels", ""
    end
    local whole, inner = resolved(form, env, 0, true)
    if type(whole) == "string" then
      local passes = PRIMITIVES[whole]
      if passes and passes(value) or not passes and kind_of(value) == whole then return nil end
      return mismatch(form, env, value, whole == "integer" and type(value) == "number"), ""
    end
    local check = CHECKS[whole[1]]
    if not check then return nil end
    if not OF_TABLES[whole[1]] then return check(whole, inner, value, depth + 1, seen) end
    if not is_plain(value) then return mismatch(form, env, value), "" end
    return once(check, whole, inner, value, depth - depth % LEVEL + LEVEL, seen)
  end

  function rules.problem(form, env, value)
    local problem, path = problem_in(form, env, value, 0, {})
    if not problem then return nil end
    return path == "" and problem or "field '" .. path .. "': " .. problem
  end

  -- ---- whether one type is part of another ---------------------------------------------------------------------------

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
      elseif own.optional and not field.optional or not is_part(own.form, own.env, field.form, field.env, depth, seen) then
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
    if (x == "{" or x == "&") and y == "{" then return rules.fields(a, ea) ~= nil and records(a, ea, b, eb, depth, seen) end
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
      return type(a[2]) == b or b == "integer" and is_whole(a[2])
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
  return rules
end
