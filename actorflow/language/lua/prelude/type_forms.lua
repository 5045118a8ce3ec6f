-- What the description of a type stands for, and how it is shown. Called with (kit, data_of), where `data_of` gives
-- what a Type holds, nil for what is none -> rules: named, resolved, fields, shown, value_shown.
--
-- A form is a primitive's name, or a table that begins with a tag (actorflow/language/type_value.py); `env` maps the
-- type parameters to {form, env}.

local type, next, pcall, math_type, concat, sub = type, next, pcall, math.type, table.concat, string.sub

local MAX_STEPS <const> = 100 -- from a name to what it stands for
local MAX_SHOWN <const> = 3 -- levels of a type that a message shows
local MAX_TEXT <const> = 60 -- bytes of a value that a message shows

return function(kit, data_of)
  local kind_of = kit.type
  local rules = {}

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
      if depth > MAX_STEPS then return "any" end
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
    if type(form) ~= "table" or (depth or 0) > MAX_STEPS then return nil end
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

  -- ---- as text ------------------------------------------------------------------------------------------------------

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
    ["<"] = function(form, env, depth)
      return shown(form[2], env, depth) .. "<" .. all_shown(form, env, 3, ", ", depth) .. ">"
    end,
    ["="] = function(form) return type(form[2]) == "string" and '"' .. form[2] .. '"' or kit.tostring(form[2]) end,
    ["?"] = function(form, env, depth) return shown(form[2], env, depth) .. "?" end,
    ["["] = function(form, env, depth) return "{" .. shown(form[2], env, depth) .. "}" end,
    ["{"] = record_shown,
    m = function(form, env, depth)
      return "{[" .. shown(form[2], env, depth) .. "]: " .. shown(form[3], env, depth) .. "}"
    end,
    v = function(form, env, depth) return shown(form[2], env, depth) end,
    f = function(form, env, depth)
      return "(" .. all_shown(form[2], env, 1, ", ", depth) .. ") -> (" .. all_shown(form[3], env, 1, ", ",
        depth) .. ")"
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
  rules.value_shown = value_shown

  return rules
end
