-- The `yaml` module. Called with (kit) -> module.

local type = type

local READING <const> = 25 -- instructions that a byte of YAML is charged

return function(kit)
  local pure = kit.pure
  return {
    encode = function(value, options)
      local text, err = pure("yaml.encode", value, options)
      if text then kit.spend(#text * READING) end
      return text, err
    end,
    decode = function(text)
      if type(text) == "string" then kit.spend(#text * READING) end
      return pure("yaml.decode", text)
    end,
  }
end
