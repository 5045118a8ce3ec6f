-- The `env` module. Called with (kit) -> module.

local type = type

return function(kit)
  local perform = kit.perform
  return {
    get = function(name) return perform("env.get", name) end,
    set = function(name, value)
      if type(value) == "number" then value = kit.tostring(value) end
      return perform("env.set", name, value)
    end,
    get_all = function() return perform("env.get_all") end,
  }
end
