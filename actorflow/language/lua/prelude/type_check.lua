-- Whether a value has a type. Called with (kit, rules); adds rules.problem(form, env, value): nil, or what is wrong.

local type = type
local math_type, floor, huge, sub = math.type, math.floor, math.huge, string.sub

local MAX_DEPTH <const> = 100 -- of values, and of types at each level of a value
local LEVEL <const> = 1000 -- what a level of a value counts where a level of a type counts 1

return function(kit, rules)
  local kind_of, class_of = kit.type, kit.class_of
  local resolved, shown, value_shown = rules.resolved, rules.shown, rules.value_shown

  -- ---- validators ---------------------------------------------------------------------------------------------------

  local function size_of(value)
    if type(value) == "string" or type(value) == "table" then return #value end
    return type(value) == "number" and value or nil
  end
  local function at_least(value, least) return type(least) ~= "number" or (size_of(value) or huge) >= least end
  local function at_most(value, most) return type(most) ~= "number" or (size_of(value) or -huge) <= most end
  local function is_like(pattern)
    return function(value) return type(value) ~= "string" or kit.find(value, pattern) ~= nil end
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

  -- ---- checks: nil, or what is wrong and the path to it -------------------------------------------------------------

  local function is_whole(value)
    return type(value) == "number" and (math_type(value) == "integer" or value == floor(value))
  end
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
      if problem and path == "" and type(resolved(form[2], env)) == "string" then
        return mismatch(form, env, value), ""
      end
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

  -- Checks a table against a form once only: unions would do it again and again. One that is being checked further up
  -- passes there; what rests on that is not kept as having passed.
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
end
