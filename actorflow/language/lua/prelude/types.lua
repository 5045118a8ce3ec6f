-- Types as values: what `type X = T` leaves where a script uses X. Called with (kit, forms, check, order) -> the
-- globals it adds; the others are the chunks that say what types mean.
--
-- A Type holds a name, a description (see actorflow/language/type_value.py for its forms), the names of its parameters,
-- and `env`: parameter -> Type. The description of a type that is part of another becomes a Type when somebody asks for
-- it.

local type, next, rawget, setmetatable = type, next, rawget, setmetatable

local KINDS <const> = {
  ["{"] = "record", ["["] = "array", m = "map", ["|"] = "union", ["&"] = "intersection", ["?"] = "optional",
  ["="] = "literal",
  f = "function",
}

return function(kit, forms, check, order)
  local DATA = kit.DATA
  local Type = kit.class("Type", {})
  local primitives = {}

  local function make(name, form, parameters, env)
    return kit.object(Type, {name = name, form = form, parameters = parameters, env = env})
  end

  local function data_of(value)
    return kit.class_of(value) == Type and rawget(value, DATA) or nil
  end

  local rules = forms(kit, data_of)
  check(kit, rules)
  order(kit, rules)

  -- The Type of a part: the one that it names, or a new one, the same each time.
  local function part(held, form)
    if type(form) == "string" then return primitives[form] or make(form, form) end
    if form[1] == "@" then
      local named = rules.named(form)
      if named then return named end
    end
    held.parts = held.parts or {}
    local known = held.parts[form]
    if not known then
      known = make(nil, form, nil, held.env)
      held.parts[form] = known
    end
    return known
  end

  -- A table that can also be called as the iterator of a loop, and then gives its items in the order of `keys`.
  local function iterable(found, keys)
    local function following(_, _, key)
      local at = 0
      for i = 1, key ~= nil and #keys or 0 do
        if keys[i] == key then at = i end
      end
      return keys[at + 1], found[keys[at + 1]]
    end
    return setmetatable(found, {__call = following, __metatable = false})
  end

  local function parts(held, forms, first)
    local list, keys = {}, {}
    for i = first, #forms do
      list[#list + 1], keys[#keys + 1] = part(held, forms[i]), #keys + 1
    end
    return iterable(list, keys)
  end

  -- A method that answers for one tag only, nil for others.
  local function only(tag, answer)
    return function(held)
      local form, env = rules.resolved(held.form, held.env)
      if type(form) ~= "table" or form[1] ~= tag then return nil end
      return answer(env == held.env and held or {env = env, parts = {}}, form)
    end
  end

  local function fields(held)
    local list = rules.fields(held.form, held.env)
    if not list then return nil end
    local found, names = {}, {}
    for i, field in next, list do
      found[field.name] = part({env = field.env}, field.optional and {"?", field.form} or field.form)
      names[i] = field.name
    end
    return iterable(found, names)
  end

  local function variants(held)
    local form, env = rules.resolved(held.form, held.env)
    if type(form) ~= "table" or form[1] ~= "|" and form[1] ~= "?" then return nil end
    local whole = env == held.env and held or {env = env}
    if form[1] == "?" then return iterable({part(whole, form[2]), part(whole, "nil")}, {1, 2}) end
    return parts(whole, form, 2)
  end

  local function results(held, form)
    local list = parts(held, form[3], 1)
    if #list == 1 then return list[1] end
    if #list > 1 then return list end
    return nil
  end

  kit.methods(Type, {
    is = function(held, value)
      local problem = rules.problem(held.form, held.env, value)
      if problem then return nil, kit.invalid(problem) end
      return value, nil
    end,
    kind = function(held)
      local form = rules.resolved(held.form, held.env)
      return type(form) == "string" and form or KINDS[form[1]]
    end,
    name = function(held) return held.name or type(held.form) == "string" and held.form or nil end,
    fields = fields,
    variants = variants,
    elem = only("[", function(held, form) return part(held, form[2]) end),
    key = only("m", function(held, form) return part(held, form[2]) end),
    val = only("m", function(held, form) return part(held, form[3]) end),
    inner = only("?", function(held, form) return part(held, form[2]) end),
    params = only("f", function(held, form) return parts(held, form[2], 1) end),
    ret = only("f", results),
  })

  Type.__call = function(self, value)
    local held = self[DATA]
    local problem = rules.problem(held.form, held.env, value)
    if problem then kit.error(kit.invalid(problem)) end
    return value
  end
  local function text(value)
    local held = data_of(value)
    return held and (held.name or rules.shown(held.form, held.env)) or kit.message_of(value) or kit.tostring(value)
  end
  Type.__tostring = text
  Type.__concat = function(a, b) return text(a) .. text(b) end

  local function is_part_of(a, b)
    local x, y = data_of(a), data_of(b)
    if not x or not y then kit.error("attempt to compare a type with what is none") end
    return rules.is_part(x.form, x.env, y.form, y.env)
  end
  Type.__le = is_part_of
  Type.__lt = function(a, b) return is_part_of(a, b) and not is_part_of(b, a) end
  Type.__eq = function(a, b) return data_of(a) and data_of(b) and is_part_of(a, b) and is_part_of(b, a) or false end

  for _, name in next, {"any", "unknown", "never", "nil", "string", "number", "integer", "boolean", "table", "thread",
    "userdata"} do
    primitives[name] = make(name, name)
  end
  return {
    __type = function(name, form, parameters)
      if type(name) ~= "string" or type(form) ~= "table" and type(form) ~= "string" then
        kit.error("__type: expected a name and a description")
      end
      return make(name, form, parameters)
    end,
    String = primitives.string, Number = primitives.number, Integer = primitives.integer, Boolean = primitives.boolean,
    integer = primitives.integer, boolean = primitives.boolean,
  }
end
