-- The `store` module: key-value stores. Called with (kit) -> module.
--
-- A Store object holds the id of its store and whether it was released; every method is one operation.

local next = next

return function(kit)
  local perform, invalid = kit.perform, kit.invalid
  local module = {}

  local Store = kit.class("Store", {})
  local function released(self) return not self.open and invalid("store " .. self.id .. " is released: get it again with store.get") end

  local bodies = {
    release = function(self)
      local problem = released(self)
      if problem then return nil, problem end
      self.open = false
      return true
    end,
  }
  -- How many arguments each takes; those beyond are nobody's, as with every function of Lua.
  for name, count in next, {get = 1, has = 1, delete = 1, entry = 1, set = 3, put = 3, list = 1, info = 0} do
    bodies[name] = function(self, ...)
      local problem = released(self)
      if problem then return nil, problem end
      local first, second, third = ...
      if count == 0 then return perform("store." .. name, self.id) end
      if count == 1 then return perform("store." .. name, self.id, first) end
      return perform("store." .. name, self.id, first, second, third)
    end
  end
  kit.methods(Store, bodies)

  function module.get(id)
    local found, err = perform("store.open", id)
    if not found then return nil, err end
    return kit.object(Store, {id = id, open = true})
  end
  return module
end
