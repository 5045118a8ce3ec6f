-- The `text` module: regular expressions, diffs, splitters. Called with (kit) -> module.

local type, next = type, next

local MATCH <const> = 100 -- instructions that a match or a chunk is charged
local DIFF <const> = 10 -- and a byte of a diff

return function(kit)
  local pure = kit.pure

  local function charged(list, err)
    if list then kit.spend(#list * MATCH) end
    return list, err
  end

  -- ---- regular expressions -------------------------------------------------------------------------------------------

  local Regexp = kit.class("Regexp", {})
  local regexps = {
    string = function(pattern) return pattern end,
    match_string = function(pattern, text) return pure("regexp.match_string", pattern, text) end,
    find_string = function(pattern, text) return pure("regexp.find_string", pattern, text) end,
    find_string_index = function(pattern, text) return pure("regexp.find_string_index", pattern, text) end,
    find_string_submatch = function(pattern, text) return pure("regexp.find_string_submatch", pattern, text) end,
    num_subexp = function(pattern) return pure("regexp.num_subexp", pattern) end,
    subexp_names = function(pattern) return pure("regexp.subexp_names", pattern) end,
    subexp_index = function(pattern, name) return pure("regexp.subexp_index", pattern, name) end,
    replace_all_string = function(pattern, text, replacement)
      return pure("regexp.replace_all_string", pattern, text, replacement)
    end,
  }
  for _, name in next, {"find_all_string", "find_all_string_index", "find_all_string_submatch", "split"} do
    regexps[name] = function(pattern, text, most) return charged(pure("regexp." .. name, pattern, text, most)) end
  end
  kit.methods(Regexp, regexps)
  Regexp.__tostring = function(self) return "text.Regexp{" .. kit.data(Regexp, self, "tostring") .. "}" end

  local function compile(pattern)
    local checked, err = pure("regexp.check", pattern)
    if not checked then return nil, err end
    return kit.object(Regexp, checked)
  end

  -- ---- diffs ---------------------------------------------------------------------------------------------------------

  local Differ = kit.class("Differ", {})

  local function spend_on(a, b)
    if type(a) == "string" and type(b) == "string" then kit.spend((#a + #b) * DIFF) end
  end

  kit.methods(Differ, {
    compare = function(options, a, b)
      spend_on(a, b)
      return pure("diff.compare", options, a, b)
    end,
    patch_make = function(options, a, b)
      spend_on(a, b)
      return pure("diff.patch_make", options, a, b)
    end,
    patch_apply = function(options, patches, text)
      local both, err = pure("diff.patch_apply", options, patches, text)
      if not both then return nil, err end
      return both[1], both[2]
    end,
    summarize = function(_, diffs) return pure("diff.summarize", diffs) end,
    pretty_text = function(_, diffs) return pure("diff.pretty_text", diffs) end,
    pretty_html = function(_, diffs) return pure("diff.pretty_html", diffs) end,
  })

  local function new_differ(options)
    local checked, err = pure("diff.check", options)
    if not checked then return nil, err end
    return kit.object(Differ, checked)
  end

  -- ---- splitters -----------------------------------------------------------------------------------------------------

  local Splitter = kit.class("Splitter", {})
  kit.methods(Splitter, {
    split_text = function(held, text) return charged(pure("splitter.split", held.kind, held.options, text)) end,
    split_batch = function(held, pages) return charged(pure("splitter.split_batch", held.kind, held.options, pages)) end,
  })

  local function splitter(kind)
    return function(options)
      local checked, err = pure("splitter.check", kind, options)
      if not checked then return nil, err end
      return kit.object(Splitter, {kind = kind, options = checked})
    end
  end

  return {
    regexp = {compile = compile}, diff = {new = new_differ},
    splitter = {recursive = splitter("recursive"), markdown = splitter("markdown")},
  }
end
