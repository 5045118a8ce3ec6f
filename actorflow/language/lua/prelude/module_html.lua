-- The `html` module: sanitizing by policies. Called with (kit) -> module.

local type, next, select, ipairs = type, next, select, ipairs

local READING <const> = 25 -- instructions that a byte of HTML is charged
local MOST <const> = 1000 -- names in one call, and rules of a policy

return function(kit)
  local pure = kit.pure

  local function names_of(where, ...)
    local names = {}
    if select("#", ...) > MOST then kit.error(where .. ": expected at most " .. MOST .. " names") end
    for i = 1, select("#", ...) do
      local name = (select(i, ...))
      if not kit.is_text(name) or name == "" then
        kit.error(where .. ": expected names, non-empty texts, got " .. kit.tostring(name))
      end
      names[i] = name
    end
    return names
  end

  local function append(list, more, where)
    for _, item in ipairs(more) do list[#list + 1] = item end
    if #list > MOST then kit.error(where .. ": a policy may have at most " .. MOST .. " of them") end
  end

  -- ---- attributes ----------------------------------------------------------------------------------------------------

  local Attributes = kit.class("HtmlAttributes", {})
  local attributes = Attributes.__index
  local function builder(self, name) return kit.data(Attributes, self, name) end

  function attributes.matching(self, pattern)
    local held = builder(self, "matching")
    local checked, err = pure("html.check_pattern", pattern)
    if not checked then return nil, err end
    held.matching = checked
    return self
  end

  function attributes.on_elements(self, ...)
    local held = builder(self, "on_elements")
    local names = names_of("on_elements", ...)
    append(held.rules, {{names = held.names, elements = names, matching = held.matching}}, "allow_attrs")
    return held.policy
  end

  function attributes.globally(self)
    local held = builder(self, "globally")
    append(held.rules, {{names = held.names, matching = held.matching}}, "allow_attrs")
    return held.policy
  end

  -- ---- policies ------------------------------------------------------------------------------------------------------

  local Policy = kit.class("HtmlPolicy", {})
  local methods = Policy.__index
  local function data(self, name) return kit.data(Policy, self, name) end

  function methods.allow_elements(self, ...)
    append(data(self, "allow_elements").elements, names_of("allow_elements", ...), "allow_elements")
    return self
  end

  function methods.allow_url_schemes(self, ...)
    append(data(self, "allow_url_schemes").schemes, names_of("allow_url_schemes", ...), "allow_url_schemes")
    return self
  end

  function methods.allow_attrs(self, ...)
    local held = data(self, "allow_attrs")
    return kit.object(Attributes, {policy = self, rules = held.attributes, names = names_of("allow_attrs", ...)})
  end

  for name, flag in next, {
    allow_relative_urls = "relative", require_nofollow_on_links = "nofollow", require_noreferrer_on_links = "noreferrer",
    add_target_blank_to_fully_qualified_links = "blank", require_parseable_urls = "parseable",
    require_nofollow_on_fully_qualified_links = "nofollow", allow_data_uri_images = "data_images",
  } do
    methods[name] = function(self, wanted)
      data(self, name)[flag] = wanted == nil or not not wanted
      return self
    end
  end

  local function add(held, part)
    for key, value in next, part do
      if type(value) == "table" then append(held[key], value, "policy") else held[key] = value end
    end
  end

  for _, name in next, {"standard_attributes", "standard_urls", "images", "lists", "tables"} do
    methods["allow_" .. name] = function(self)
      add(data(self, "allow_" .. name), (pure("html.group", name)))
      return self
    end
  end

  function methods.sanitize(self, source)
    local held = data(self, "sanitize")
    if type(source) == "string" then kit.spend(#source * READING) end
    return pure("html.sanitize", held, source)
  end

  local function policy(part)
    local held = {elements = {}, attributes = {}, schemes = {}}
    if part then add(held, part) end
    return kit.object(Policy, held)
  end

  return {
    sanitize = {
      new_policy = function() return policy() end,
      strict_policy = function() return policy() end,
      ugc_policy = function() return policy((pure("html.ugc"))) end,
    },
  }
end
